// Measures how many sessions one process carries: where its latency gives way, what a frame costs by then, what an idle one
// holds.

import type { Bench, BenchSettings } from '../../bench.ts';
import { startAll } from '../../contenders/start-all.ts';
import { startEnds } from '../../load/sessions.ts';
import { openFilesLimit } from '../../machine/resource-usage.ts';
import { capacityFigures } from './figures.ts';
import { describeCapacity } from './report.ts';
import { type CapacityPlan, findKnees, measureCost, measureIdle } from './runs.ts';

const SHORT = ['direct', 'trunkline', 'haproxy'];
const LONG = [...SHORT, 'nginx', 'ws-relay', 'direct-again'];
const KNEE_LEVELS = [100, 200, 400, 800, 1600];
/** A gateway has two sockets for each session, and some files for itself. */
const FILES = { perSession: 2, others: 200 };

export const capacity: Bench = {
  name: 'capacity',
  description: 'sessions of one process: the knee of its latency, CPU for each frame, memory of idle sessions',
  seconds: ({ isShort, rounds }) => (isShort ? 110 * ((rounds ?? 3) / 3) : 500 * ((rounds ?? 4) / 4)),
  async run(context) {
    const { settings } = context;
    const mostSessions = Math.floor((openFilesLimit() - FILES.others) / FILES.perSession);
    const plan = planOf(settings, mostSessions);
    const names = settings.isShort ? SHORT : LONG;
    const contenders = context.contenders.filter(({ name }) => names.includes(name));
    const ends = await startEnds(context);
    const running = await startAll(context, 'capacity', { contenders, providerPort: ends.provider.port });
    const parts = { context, ends, running };
    const { levels, knees } = await findKnees(parts, plan.knee);
    const cost = await measureCost(parts, plan.cost);
    for (const contender of running.values()) await contender.stop();
    const idle = await measureIdle(parts, plan.idle);
    const data = { levels, knees, cost, idle, mostSessions };
    return { ...describeCapacity(data, settings.seed), figures: capacityFigures(data, settings.seed) };
  },
};

/** Levels that do not fit into the limit of open files are left out; the report says so. */
function planOf({ isShort, sessions, rounds, seconds }: BenchSettings, mostSessions: number): CapacityPlan {
  const fitting = (levels: readonly number[]) => levels.filter((count) => count <= mostSessions).sort((a, b) => a - b);
  const ms = seconds && seconds * 1000;
  return {
    knee: {
      levels: fitting(sessions ?? KNEE_LEVELS),
      divisions: sessions ? 0 : isShort ? 1 : 2,
      rounds: rounds ?? (isShort ? 3 : 4),
      repeats: isShort ? 1 : 2,
      measureMs: ms ?? (isShort ? 500 : 1000),
    },
    cost: {
      levels: fitting(isShort ? [100, 2000] : [100, 300, 1000, 2000]),
      rounds: rounds ?? (isShort ? 3 : 4),
      measureMs: ms ?? 1600,
    },
    idle: { sessions: Math.min(1000, mostSessions), rounds: rounds ?? 3, quietMs: isShort ? 500 : 2000 },
  };
}
