// The three measurements of capacity. Between any two visits every session is gone.

import { setTimeout as delay } from 'node:timers/promises';
import type { BenchContext, Contender, Load, LoadGenerator, LoadProvider, RunningContender } from '../../bench.ts';
import { PATH } from '../../contenders/start-all.ts';
import { type LoadRun, runLoad } from '../../load/run.ts';
import { resourceUsage } from '../../machine/resource-usage.ts';
import type { CapacityData, CapacityPlan } from './data.ts';
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

interface Parts {
  readonly context: BenchContext;
  readonly provider: LoadProvider;
  readonly generator: LoadGenerator;
  readonly running: ReadonlyMap<string, RunningContender>;
  /** Contenders that run. */
  readonly contenders: readonly Contender[];
}

const append = (frameMs: number, warmUpMs: number, measureMs: number): Load => ({
  ...{ frame: 'append', frameBytes: 2600 },
  ...{ frameMs, warmUpMs, measureMs },
});

const isDirect = ({ name }: Contender): boolean => name.startsWith('direct');

/** Each level in rounds: direct, and the contenders that are still looked at. */
export async function findKnees(
  parts: Parts,
  { levels, divisions, repeats, rounds, measureMs }: CapacityPlan['knee'],
): Promise<Pick<CapacityData, 'levels' | 'knees'>> {
  const { context, running } = parts;
  const load = append(FRAME_MS, 200, measureMs);
  const names = parts.contenders.filter((contender) => !isDirect(contender)).map(({ name }) => name);
  const most = levels.length + divisions * names.length;
  const measured: { sessions: number; rounds: Level }[] = [];

  async function measure(sessions: number, asked: readonly string[]) {
    const contenders = parts.contenders.filter((contender) => isDirect(contender) || asked.includes(contender.name));
    const part = partOf(SHARES.knee, measured.length / most, (measured.length + 1) / most);
    let level: Level = new Map();
    for (let left = repeats; left >= 0 && !asked.every((name) => isClear(level, name)); left -= 1) {
      const label = `capacity, ${sessions} sessions`;
      const warmUp = measured.length === 0 && level.size === 0;
      const more = await context.rounds({ label, contenders, rounds, warmUp, part }, ({ name }) =>
        withSessions(parts, running.get(name) as RunningContender, async (open) => {
          await open(sessions);
          return runLoad({ ...endsOf(parts), load, running: running.get(name) as RunningContender });
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
  const contenders = parts.contenders.filter((contender) => !isDirect(contender));
  const plan = { label: 'capacity, CPU', contenders, rounds, warmUp: false, part: SHARES.cost };
  return parts.context.rounds(plan, ({ name }, round) => {
    const running = parts.running.get(name) as RunningContender;
    return withSessions(parts, running, async (open) => {
      if (round === 0) await warmUp(open, parts, running);
      const runs = new Map<number, LoadRun>();
      for (const sessions of levels) {
        await open(sessions);
        await delay(SETTLE_MS);
        const frameMs = (1000 * sessions) / FRAMES_PER_SECOND;
        runs.set(sessions, await runLoad({ ...endsOf(parts), load: append(frameMs, frameMs, measureMs), running }));
      }
      return runs;
    });
  });
}

/** Code that is not compiled yet would be billed to the few sessions, which come first. */
async function warmUp(
  open: (sessions: number) => Promise<void>,
  parts: Parts,
  running: RunningContender,
): Promise<void> {
  await open(WARM_UP.sessions);
  await runLoad({ ...endsOf(parts), load: append(FRAME_MS, 0, WARM_UP.ms), running });
}

/** Measures idle sessions, each time on a new process. */
export function measureIdle(
  parts: Parts,
  { sessions, rounds, quietMs }: CapacityPlan['idle'],
): Promise<CapacityData['idle']> {
  const { context, provider } = parts;
  const contenders = parts.contenders.filter((contender) => !isDirect(contender));
  const plan = { label: 'capacity, idle sessions', contenders, rounds, warmUp: false, part: SHARES.idle };
  return context.rounds(plan, async (contender) => {
    const running = await context.start(contender, { providerPort: provider.port });
    try {
      return await withSessions(parts, running, async (open) => {
        await open(FIRST_SESSIONS);
        const before = await settledKib(running, quietMs);
        await open(FIRST_SESSIONS + sessions);
        return { before, perSession: ((await settledKib(running, quietMs)) - before) / sessions };
      });
    } finally {
      await running.stop();
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

const endsOf = ({ generator, provider, context }: Parts) => ({
  from: generator,
  to: provider,
  toleranceMs: context.settings.toleranceMs,
});

const partOf = ([from, to]: readonly [number, number], start: number, end: number): readonly [number, number] => [
  from + (to - from) * Math.min(1, start),
  from + (to - from) * Math.min(1, end),
];

/** `open` makes it that many sessions in all. */
async function withSessions<R>(
  { provider, generator }: Parts,
  running: RunningContender,
  visit: (open: (sessions: number) => Promise<void>) => Promise<R>,
): Promise<R> {
  let count = 0;
  try {
    return await visit(async (sessions) => {
      await generator.open({ url: running.url(PATH), headers: running.headers, sessions: sessions - count });
      count = sessions;
    });
  } finally {
    await generator.close();
    await provider.cleared();
  }
}
