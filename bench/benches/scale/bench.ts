// Answers on paper how far the gateway scales: what was measured of one process, carried to many machines by a plan and a simulated day. Nothing is
// started.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bench } from '../../bench.ts';
import { resultsSchema } from '../../figures/results.ts';
import { committedReport } from '../../report/publish.ts';
import { costsIn, createModel, ownFigures, type ScaleModel } from './model.ts';
import { planFleet } from './plan.ts';
import { describeScale, type ScaleRun } from './report.ts';
import { simulateDay } from './simulation.ts';

const SIZES = [10_000, 100_000, 1_000_000];
/** Simulated seconds of sessions in one of the bench, roughly. */
const SESSIONS_IN_SECOND = 40_000;
const CHANGED_SESSIONS = 100_000;
const CHANGES: readonly (readonly [name: string, change: Partial<ScaleModel>])[] = [
  ['nothing', {}],
  ['planned for 70 % of the CPU', { targetCpu: 0.7 }],
  ['one Postgres', { stores: 1 }],
  ['no `maxSessions` of keys', { hasPlaces: false }],
  ['batches once a second', { batchesPerSecond: 1 }],
  ['round robin', { balancer: 'round-robin' }],
  ['clients notice a death at once', { clientNoticeSeconds: 1 }],
  ['no TLS to the provider', { tlsRatio: 1 }],
];

const root = fileURLToPath(new URL('../../..', import.meta.url));

export const scale: Bench = {
  name: 'scale',
  description: 'a plan and a simulated day of many machines, from what was measured of one process',
  seconds: ({ sessions, isShort }) =>
    sizesOf(sessions, isShort).reduce((sum, size) => sum + size, 0) / SESSIONS_IN_SECOND,
  async run({ settings, progress }) {
    const { report, costs } = committedCosts();
    const own = settings.config === undefined ? {} : ownFigures(readFileSync(settings.config, 'utf8'));
    const model = createModel(costs, own);
    const sizes = sizesOf(settings.sessions, settings.isShort);
    const changes = settings.isShort ? [] : CHANGES;
    const days = sizes.length + changes.length;
    let done = 0;
    const run = (name: string, sessions: number, change: Partial<ScaleModel> = {}): ScaleRun => {
      progress(`scale: ${name}`, done++ / days);
      const changed = { ...model, ...change };
      const plan = planFleet(changed, sessions);
      return { name, model: changed, plan, day: simulateDay(changed, plan, settings.seed) };
    };
    const described = describeScale({
      ...{ costs, model },
      sizes: sizes.map((sessions) => run(sessions.toLocaleString('en'), sessions)),
      changed: changes.map(([name, change]) => run(name, CHANGED_SESSIONS, change)),
    });
    return { ...described, notes: [...described.notes, `What is measured is from bench/results/${report}.`] };
  },
};

const sizesOf = (asked: readonly number[] | undefined, isShort: boolean): readonly number[] =>
  asked?.map(Math.ceil) ?? (isShort ? SIZES.slice(0, 1) : SIZES);

function committedCosts() {
  const report = committedReport(readFileSync(join(root, 'docs/benchmarks.md'), 'utf8'));
  if (report === undefined) throw new Error('docs/benchmarks.md names no report');
  const text = readFileSync(join(root, `bench/results/${report}/results.json`), 'utf8');
  return { report, costs: costsIn(resultsSchema.parse(JSON.parse(text))) };
}
