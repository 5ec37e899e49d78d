// Cost and quality of four ways to choose a model, on the same tasks, through the gateway: cost is what its ledger says, quality is the share of
// answers that are the known one.

import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { parseJson } from '../../../../codecs/json/object.ts';
import type { BenchContext, ChatEndpoint, RunningContender } from '../../../bench.ts';
import { gatewayAt } from '../../../contenders/side-settings.ts';
import { quantile } from '../../../figures/statistics.ts';
import { type LedgerSum, ledgerBy } from '../../side-hop/ledger.ts';
import { MODELS, SMALL, SORTER, STRONG, startModels } from './models.ts';
import { KINDS, type KnownTask, makeTasks } from './tasks.ts';

const TASKS = 400;
const SHORT_TASKS = 200;
const WARM_UP_TASKS = 64;
/** Calls at once. */
const AT_ONCE = 8;
const SETTLE_MS = 5000;
/** Letters from which a rule takes a task for a hard one. Long tasks are hard, and half of the hard ones are short. */
const LONG_CHARS = 400;

const targetOf = (model: string) => ({ gateway: 'models', model });
const byDifficulty = (more: object) => ({
  targets: [targetOf(SMALL)],
  difficulty: { ...more, strongest: 'always-strong' },
});

/** The policies, each a class that a client names, with the other classes that its calls run in. */
const POLICIES: Readonly<Record<string, { readonly title: string; readonly others: readonly string[] }>> = {
  'always-cheap': { title: 'always cheap', others: [] },
  'always-strong': { title: 'always strong', others: [] },
  'cheap-first': { title: 'cheap first, strong on misfit', others: [] },
  'by-rules': { title: 'by difficulty: rules', others: ['rules-strong'] },
  'by-model': { title: 'by difficulty: a small model', others: ['model-strong', 'sorter'] },
};

const CLASSES = {
  'warm-up': { targets: [targetOf(SMALL)] },
  'always-cheap': { targets: [targetOf(SMALL)] },
  'always-strong': { targets: [targetOf(STRONG)] },
  'cheap-first': { targets: [targetOf(SMALL), targetOf(STRONG)], escalate: { on: ['misfit'] } },
  'by-rules': byDifficulty({ rules: [{ when: { minChars: LONG_CHARS }, class: 'rules-strong' }] }),
  'rules-strong': { targets: [targetOf(STRONG)] },
  'by-model': byDifficulty({ model: { class: 'sorter', verdicts: { easy: 'by-model', hard: 'model-strong' } } }),
  'model-strong': { targets: [targetOf(STRONG)] },
  sorter: { targets: [targetOf(SORTER)] },
};

export interface MeasuredPolicy {
  readonly title: string;
  readonly tasks: number;
  readonly right: number;
  /** Right answers of each kind, and tasks of it. */
  readonly kinds: Readonly<Record<string, { readonly right: number; readonly tasks: number }>>;
  /** Answers that have not the form that was asked for. */
  readonly misfits: number;
  /** Attempts in the ledger, of all models. */
  readonly attempts: number;
  readonly costMicroUsd: number;
  /** Sum of what the ledger says was saved; undefined: its policy has nothing to compare with. */
  readonly savedMicroUsd: number | undefined;
  /** Time of an answer, in ms. */
  readonly p50: number;
  readonly p95: number;
}

export async function measurePolicies(context: BenchContext): Promise<readonly MeasuredPolicy[]> {
  const { seed, isShort } = context.settings;
  const tasks = makeTasks(isShort ? SHORT_TASKS : TASKS, seed);
  const models = await startModels(context, tasks, seed);
  const running = await context.start('trunkline', {
    providerPort: models.port,
    llmPort: models.port,
    config: {
      gateways: { models: gatewayAt(models.port, 'routed') },
      classes: CLASSES,
      prices: Object.fromEntries(Object.entries(MODELS).map(([name, { price }]) => [name, price])),
      ...{ budgets: [], tasks: [] },
    },
  });
  await askAll(running, tasks.slice(0, WARM_UP_TASKS), 'warm-up');
  const given = new Map<string, readonly Given[]>();
  for (const name of Object.keys(POLICIES)) given.set(name, await askAll(running, tasks, name));
  const ledger = await settledLedger(running, models.requests());
  return Object.entries(POLICIES).map(([name, { title, others }]) => {
    const own = ledger.filter(({ by: [of = ''] }) => of === name || others.includes(of));
    const sumOf = (field: 'calls' | 'costMicroUsd' | 'savedMicroUsd') => own.reduce((sum, row) => sum + row[field], 0);
    return {
      title,
      ...qualityOf(given.get(name) ?? []),
      attempts: sumOf('calls'),
      costMicroUsd: sumOf('costMicroUsd'),
      savedMicroUsd: name.startsWith('always') ? undefined : sumOf('savedMicroUsd'),
    };
  });
}

interface Given {
  readonly task: KnownTask;
  readonly value: unknown;
  readonly ms: number;
}

async function askAll(running: RunningContender, tasks: readonly KnownTask[], promptClass: string) {
  const waiting = [...tasks];
  const given: Given[] = [];
  const work = async () => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift())
      given.push(await ask(running.chat as ChatEndpoint, task, promptClass));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return given;
}

async function ask({ url, headers }: ChatEndpoint, task: KnownTask, promptClass: string): Promise<Given> {
  const from = performance.now();
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'x-trunkline-class': promptClass },
    body: JSON.stringify({
      messages: [{ role: 'user', content: task.text }],
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: task.schema } },
    }),
  });
  const body = (await response.json()) as { readonly choices?: readonly { message?: { content?: string } }[] };
  if (response.status !== 200) throw new Error(`a call was refused with ${response.status}: ${JSON.stringify(body)}`);
  return { task, value: parseJson(body.choices?.[0]?.message?.content ?? ''), ms: performance.now() - from };
}

function qualityOf(given: readonly Given[]) {
  const isRight = ({ task, value }: Given) => isDeepStrictEqual(value, task.answer);
  const times = given.map(({ ms }) => ms);
  const ofKind = (kind: string) => given.filter(({ task }) => task.kind === kind);
  return {
    tasks: given.length,
    right: given.filter(isRight).length,
    misfits: given.filter(({ value }) => value === undefined).length,
    kinds: Object.fromEntries(
      KINDS.map((kind) => [kind, { right: ofKind(kind).filter(isRight).length, tasks: ofKind(kind).length }]),
    ),
    p50: quantile(times, 0.5),
    p95: quantile(times, 0.95),
  };
}

/** The sums of the ledger by class, once all rows of answers are settled. */
async function settledLedger({ admin }: RunningContender, attempts: number): Promise<readonly LedgerSum[]> {
  for (const until = performance.now() + SETTLE_MS; ; await delay(100)) {
    const rows = await ledgerBy(admin, 'class,outcome');
    const settled = rows.filter(({ by }) => by[1] !== 'pending');
    const count = settled.reduce((sum, { calls }) => sum + calls, 0);
    if (count >= attempts) return settled;
    if (performance.now() > until) throw new Error(`the ledger has ${count} rows for ${attempts} attempts`);
  }
}
