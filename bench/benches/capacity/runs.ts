// The three measurements of capacity. Between any two visits every session is gone.

import { setTimeout as delay } from 'node:timers/promises';
import type { BenchContext, RunningContender } from '../../bench.ts';
import type { Load } from '../../load/load.ts';
import { type LoadRun, runLoad } from '../../load/run.ts';
import { type Ends, withSessions } from '../../load/sessions.ts';
import { resourceUsage } from '../../machine/resource-usage.ts';
import type { CapacityData } from './data.ts';
import { isClear, type Level, searchKnees, verdictOf } from './knee.ts';

/** Period of one session while the knee is looked for. */
export const FRAME_MS = 40;
/** Rate of all sessions together while the cost of a frame is measured. */
const FRAMES_PER_SECOND = 2500;
/** Pause between the opening of sessions and the frames whose cost counts. */
const SETTLE_MS = 500;
const WARM_UP = { sessions: 100, ms: 4000 };
/** Sessions that pay for what a process pays once, before the memory of the others is measured. */
const FIRST_SESSIONS = 50;
const SAMPLE_MS = 100;
const STILL_BYTES = 256 * 1024;
const LONGEST_SETTLE_MS = 20_000;
/** The parts of the bench's time. */
const SHARES = { knee: [0, 0.45], cost: [0.45, 0.8], idle: [0.8, 1] } as const;

export interface CapacityPlan {
  readonly knee: {
    readonly levels: readonly number[];
    /** Divisions of the span in which a knee is found. */
    readonly divisions: number;
    readonly rounds: number;
    /** Repetitions of these rounds while they do not all say the same. */
    readonly repeats: number;
    readonly measureMs: number;
  };
  readonly cost: { readonly levels: readonly number[]; readonly rounds: number; readonly measureMs: number };
  /** Memory counts when it has not changed for `quietMs`. */
  readonly idle: { readonly sessions: number; readonly rounds: number; readonly quietMs: number };
}

interface Parts {
  readonly context: BenchContext;
  readonly ends: Ends;
  readonly running: ReadonlyMap<string, RunningContender>;
}

const isDirect = (name: string): boolean => name.startsWith('direct');

const filtered = (running: Parts['running'], isIn: (name: string) => boolean): Parts['running'] =>
  new Map([...running].filter(([name]) => isIn(name)));

/** Frames upstream over all open sessions. */
function run({ ends, context }: Parts, running: RunningContender, times: Omit<Load, 'frame' | 'frameBytes'>) {
  const load = { frame: 'append', frameBytes: 2600, ...times } as const;
  const { toleranceMs } = context.settings;
  return runLoad({ from: ends.generator, to: ends.provider, load, running, toleranceMs });
}

/** Each level in rounds: direct, and the contenders that are still looked at. */
export async function findKnees(
  parts: Parts,
  { levels, divisions, repeats, rounds, measureMs }: CapacityPlan['knee'],
): Promise<Pick<CapacityData, 'levels' | 'knees'>> {
  const { context, ends, running } = parts;
  const names = [...running.keys()].filter((name) => !isDirect(name));
  const most = levels.length + divisions * names.length;
  const [from, to] = SHARES.knee;
  const shareOf = (done: number) => from + (to - from) * Math.min(1, done / most);
  const measured: { sessions: number; rounds: Level }[] = [];

  async function measure(sessions: number, asked: readonly string[]) {
    const contenders = filtered(running, (name) => isDirect(name) || asked.includes(name));
    const part = [shareOf(measured.length), shareOf(measured.length + 1)] as const;
    let level: Level = new Map();
    for (let left = repeats; left >= 0 && !asked.every((name) => isClear(level, name)); left -= 1) {
      const label = `capacity, ${sessions} sessions`;
      const warmUp = measured.length === 0 && level.size === 0;
      const more = await context.rounds({ label, contenders, rounds, warmUp, part }, (contender) =>
        withSessions(ends, contender, async (open) => {
          await open(sessions);
          return run(parts, contender, { frameMs: FRAME_MS, warmUpMs: 200, measureMs });
        }),
      );
      level = new Map([...more].map(([name, runs]) => [name, [...(level.get(name) ?? []), ...runs]]));
    }
    measured.push({ sessions, rounds: level });
    return new Map(asked.map((name) => [name, verdictOf(level, name)]));
  }

  return { knees: await searchKnees({ names, levels, divisions, measure }), levels: measured };
}

/** The same frames in all at every level, over more and more sessions. */
export function measureCost(
  parts: Parts,
  { levels, rounds, measureMs }: CapacityPlan['cost'],
): Promise<CapacityData['cost']> {
  const contenders = filtered(parts.running, (name) => !isDirect(name));
  const plan = { label: 'capacity, CPU', contenders, rounds, warmUp: false, part: SHARES.cost };
  return parts.context.rounds(plan, (running, { round }) =>
    withSessions(parts.ends, running, async (open) => {
      if (round === 0) {
        // Code that is not compiled yet would be billed to the few sessions, which come first.
        await open(WARM_UP.sessions);
        await run(parts, running, { frameMs: FRAME_MS, warmUpMs: 0, measureMs: WARM_UP.ms });
      }
      const runs = new Map<number, LoadRun>();
      for (const sessions of levels) {
        await open(sessions);
        await delay(SETTLE_MS);
        const frameMs = (1000 * sessions) / FRAMES_PER_SECOND;
        runs.set(sessions, await run(parts, running, { frameMs, warmUpMs: frameMs, measureMs }));
      }
      return runs;
    }),
  );
}

/** Measures idle sessions, each time on a new process. */
export function measureIdle(
  { context, ends, running }: Parts,
  { sessions, rounds, quietMs }: CapacityPlan['idle'],
): Promise<CapacityData['idle']> {
  const contenders = filtered(running, (name) => !isDirect(name));
  const plan = { label: 'capacity, idle sessions', contenders, rounds, warmUp: false, part: SHARES.idle };
  return context.rounds(plan, async (_, { name }) => {
    const fresh = await context.start(name, { providerPort: ends.provider.port });
    try {
      return await withSessions(ends, fresh, async (open) => {
        await open(FIRST_SESSIONS);
        const before = await settledKib(fresh, quietMs);
        await open(FIRST_SESSIONS + sessions);
        return { before, perSession: ((await settledKib(fresh, quietMs)) - before) / sessions };
      });
    } finally {
      await fresh.stop();
    }
  });
}

/** Resident memory, once it has not moved for `quietMs`. */
async function settledKib({ pids }: RunningContender, quietMs: number): Promise<number> {
  const bytes = () => resourceUsage(pids)?.rssBytes ?? Number.NaN;
  let from = bytes();
  let quiet = 0;
  for (let waited = 0; quiet < quietMs && waited < LONGEST_SETTLE_MS; waited += SAMPLE_MS) {
    await delay(SAMPLE_MS);
    const now = bytes();
    const isStill = Math.abs(now - from) < STILL_BYTES;
    quiet = isStill ? quiet + SAMPLE_MS : 0;
    if (!isStill) from = now;
  }
  return bytes() / 1024;
}
