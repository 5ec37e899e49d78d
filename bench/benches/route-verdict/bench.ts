// Answers which path a call should take: what the direct and the routed path each deliver in the configuration of the bench, all measured here, what
// ways to choose a model cost and get right, and what a configuration of the reader's own has and lacks.

import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchContext, RunningContender } from '../../bench.ts';
import { gatewayAt } from '../../contenders/side-settings.ts';
import { alignedText } from '../../figures/format.ts';
import type { ReportTable } from '../../figures/results.ts';
import { type MockLlm, startMockLlm } from '../../load/load-processes.ts';
import { tableRows } from '../../report/markdown.ts';
import { ledgerBy } from '../side-hop/ledger.ts';
import { auditOf } from './audit.ts';
import { CLIENT_SECRET, measureDirect, startNative } from './direct.ts';
import { addedByCalls, addedByFrames, verdictRounds } from './latency.ts';
import { describePolicies } from './policies/report.ts';
import { measurePolicies } from './policies/run.ts';
import { describeVerdict, type VerdictData } from './report.ts';
import { measureRouted } from './routed.ts';

/** The models that the mock of a router lists; the first two are targets. */
const ROUTER_MODELS = ['bench-small', 'bench-large', 'bench-other'];
const CONTRACT_MODELS = ['bench'];
const PACE = { thinkMs: 5, tokens: 4, gapMs: 2 };
const SETTLE_MS = 300;
const POLICIES_SECONDS = 12;
export const routeVerdict: Bench = {
  name: 'route-verdict',
  description: 'what the direct and the routed path each deliver here, and which class should take which',
  needs: 'trunkline',
  seconds: (settings) => 14 + verdictRounds(settings) * 4.5 + POLICIES_SECONDS,
  async run(context) {
    const { config } = context.settings;
    const audit = config === undefined ? [] : auditOf(config);
    say(context, audit);
    const verdict = describeVerdict(await measure(context));
    context.progress('route-verdict: cost and quality', 0.95);
    const policies = describePolicies(await measurePolicies(context));
    say(context, [...verdict.tables, ...policies.tables]);
    return {
      tables: [...audit, ...verdict.tables, ...policies.tables],
      notes: [...verdict.notes, ...policies.notes],
    };
  },
};

/** Longest line of a table on a terminal. */
const MOST_CHARS = 200;

/** Shows tables at once, beside the report. What is too wide for a line is written below each other. */
function say(context: BenchContext, tables: readonly ReportTable[]): void {
  for (const table of tables) {
    const aligned = alignedText(tableRows(table));
    const isWide = aligned.split('\n').some((line) => line.length > MOST_CHARS);
    context.say(`${table.title}\n${isWide ? listed(table) : aligned}\n`);
  }
}

function listed(table: ReportTable): string {
  const [columns = [], ...rows] = tableRows(table);
  return rows
    .map(([name, ...cells]) => [name, ...cells.map((cell, at) => `  ${columns[at + 1]}: ${cell}`)].join('\n'))
    .join('\n');
}

async function measure(context: BenchContext): Promise<VerdictData> {
  const router = context.own(await startMockLlm({ pace: PACE, models: ROUTER_MODELS }));
  const contract = context.own(await startMockLlm({ pace: PACE, models: CONTRACT_MODELS }));
  const native = await startNative(context);
  context.progress('route-verdict: starting', 0);
  const running = await context.start('trunkline', {
    providerPort: native.port,
    llmPort: contract.port,
    config: configFor({ router, contract }),
  });
  const own = withKey(running);
  context.progress('route-verdict: native sessions', 0.1);
  const measuredDirect = await measureDirect(own, native);
  context.progress('route-verdict: routed calls', 0.25);
  const routed = await measureRouted(own, { router, contract });
  // Rows are settled after the answer.
  await delay(SETTLE_MS);
  const ledger = await ledgerBy(running.admin, 'class,path,kind,outcome');
  const calls = await addedByCalls(context, contract, own);
  return { direct: measuredDirect, routed, calls, ledger, frames: await addedByFrames(context) };
}

const withKey = (running: RunningContender): RunningContender => {
  const headers = { authorization: `Bearer ${CLIENT_SECRET}` };
  return { ...running, headers, ...(running.chat && { chat: { ...running.chat, headers } }) };
};

/** Classes as a team would have them. `capped` has no budget left. */
function configFor({ router, contract }: { readonly router: MockLlm; readonly contract: MockLlm }) {
  const [small, large] = ROUTER_MODELS.map((model) => ({ gateway: 'router', model }));
  const own = { gateway: 'contract', model: 'bench' };
  return {
    keys: [{ id: 'bench', secret: CLIENT_SECRET, models: ['openai/bench'] }],
    gateways: { router: gatewayAt(router.port, 'routed'), contract: gatewayAt(contract.port, 'direct') },
    classes: {
      conversation: { targets: [own], path: 'direct', fallback: false },
      commodity: { targets: [small, large, own], maxUsdPerCall: 0.05 },
      contract: { targets: [own], path: 'direct', fallback: false, maxUsdPerCall: 0.05 },
      capped: { targets: [small] },
    },
    budgets: [
      { class: 'capped', window: 'day', maxUsd: 0 },
      { class: 'commodity', window: 'day', maxUsd: 1000 },
    ],
    prices: {
      'bench-small': { input: 0.2, output: 0.8 },
      'bench-large': { input: 1, output: 4 },
      bench: { input: 1, output: 2, audioInput: 32, audioOutput: 64 },
    },
    routes: { '/v1/realtime': { class: 'conversation' } },
    tasks: [],
  };
}
