// Measures how many sessions one process carries: where its latency gives way, what their audio costs, what an idle one holds.

import type { Bench, BenchSettings } from '../../bench.ts';
import { startAll } from '../../contenders/start-all.ts';
import { startEnds } from '../../load/sessions.ts';
import { openFilesLimit } from '../../machine/resource-usage.ts';
import { capacityFigures } from './figures.ts';
import { describeCapacity } from './report.ts';
import { type CapacityPlan, FIRST_SESSIONS, findKnees, measureAudio, measureCost, measureIdle } from './runs.ts';

const SHORT = ['direct', 'trunkline', 'haproxy'];
const LONG = [...SHORT, 'nginx', 'ws-relay', 'direct-again'];
const KNEE_LEVELS = [100, 200, 400, 800, 1600];
/** Both ends have a socket of each contender for each session, a gateway two; and some files for themselves. */
const OTHER_FILES = 200;
/** Processes of each contender that hold idle sessions, all at once. */
const IDLE_ROUNDS = 3;
const COST_LEVELS = [100, 2000];

export const capacity: Bench = {
  name: 'capacity',
  description: 'sessions of one process: the knee of its latency, sessions of a core, memory of idle sessions',
  seconds: ({ isShort, rounds }) => (isShort ? 85 * ((rounds ?? 5) / 5) : 400 * ((rounds ?? 16) / 16)),
  async run(context) {
    const { settings } = context;
    const names = settings.isShort ? SHORT : LONG;
    const contenders = context.contenders.filter(({ name }) => names.includes(name));
    const mostSessions = Math.floor((openFilesLimit() - OTHER_FILES) / Math.max(2, contenders.length));
    const plan = planOf(settings, mostSessions);
    const ends = await startEnds(context);
    const running = await startAll(context, 'capacity', { contenders, providerPort: ends.provider.port });
    const parts = { context, ends, running };
    const { levels, knees } = await findKnees(parts, plan.knee);
    const audio = await measureAudio(parts, plan.audio);
    for (const contender of running.values()) await contender.stop();
    const cost = await measureCost(parts, plan.cost);
    const idle = await measureIdle(parts, plan.idle);
    const data = { levels, knees, audio, cost, idle, mostSessions };
    return { ...describeCapacity(data, settings.seed), figures: capacityFigures(data, settings.seed) };
  },
};

/** Levels that do not fit into the limit of open files are left out; the report says so. */
function planOf({ isShort, sessions, rounds, seconds }: BenchSettings, mostSessions: number): CapacityPlan {
  const fitting = (levels: readonly number[]) => levels.filter((count) => count <= mostSessions).sort((a, b) => a - b);
  const slices = rounds ?? (isShort ? 5 : 16);
  return {
    knee: {
      levels: fitting(sessions ?? KNEE_LEVELS),
      divisions: sessions ? 0 : isShort ? 1 : 2,
      rounds: slices,
      measureMs: seconds === undefined ? 160 : seconds * 1000,
    },
    audio: { rounds: 2 * slices },
    cost: { levels: fitting(COST_LEVELS), rounds: 2 * slices },
    idle: { sessions: idleSessions(mostSessions), rounds: IDLE_ROUNDS, quietMs: 9000 },
  };
}

/** Those of all processes have to fit, and the first ones of each. */
const idleSessions = (mostSessions: number): number =>
  Math.max(0, Math.min(1000, Math.floor(mostSessions / IDLE_ROUNDS) - FIRST_SESSIONS));
