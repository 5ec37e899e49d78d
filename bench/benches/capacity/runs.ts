// The measurements of capacity. In each of the first three the sessions of all contenders are open at once, and their loads take turns.

import { setTimeout as delay } from 'node:timers/promises';
import type { BenchContext, RunningContender } from '../../bench.ts';
import { startAll } from '../../contenders/start-all.ts';
import type { Rounds } from '../../figures/rounds.ts';
import type { Load } from '../../load/load.ts';
import { type LoadRun, runLoad } from '../../load/run.ts';
import { type Ends, openSessions, withSessionsOfAll } from '../../load/sessions.ts';
import { resourceUsage } from '../../machine/resource-usage.ts';
import { loadOf } from '../hop/loads.ts';
import { measurePart } from '../hop/slices.ts';
import type { CapacityData } from './data.ts';
import { type Level, searchKnees, verdictOf } from './knee.ts';

/** Period of one session while the knee is looked for. */
export const FRAME_MS = 40;
/** Rate of all sessions together while the cost of a frame is measured. */
export const FRAMES_PER_SECOND = 5000;
/** Pings to clients and providers cost by time, not by frame. */
const WITHOUT_PINGS = { limits: { pingMs: 3_600_000, providerSilenceMs: 3_600_000 } };
const WARM_UP_MS = 2000;
/** Sessions that carry real audio while that is counted. */
export const AUDIO_SESSIONS = 200;
/** The audio of a call in 24 kHz PCM16, base64, in its message: each direction all the time. */
const AUDIO_LOADS = [
  { frameMs: 40, upstream: 2600, downstream: 2800 },
  { frameMs: 20, upstream: 1300, downstream: 1500 },
] as const;
/** Sessions that pay for what a process pays once, before the memory of the others is measured. */
export const FIRST_SESSIONS = 500;
/** With fewer the memory of one is lost in that of the rest. */
const FEWEST_SESSIONS = 100;
const SAMPLE_MS = 250;
const STILL_BYTES = 512 * 1024;
const LONGEST_SETTLE_MS = 30_000;
/** The parts of the bench's time. */
const SHARES = { knee: [0, 0.35], audio: [0.35, 0.6], cost: [0.6, 0.8], idle: [0.8, 1] } as const;

export interface CapacityPlan {
  readonly knee: {
    readonly levels: readonly number[];
    /** Divisions of the span in which a knee is found. */
    readonly divisions: number;
    readonly rounds: number;
    readonly measureMs: number;
  };
  readonly audio: { readonly rounds: number };
  readonly cost: { readonly levels: readonly number[]; readonly rounds: number };
  /** Memory counts when it has not changed for `quietMs`: V8 gives back the garbage of starts some seconds after the last of them. */
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

/** Frames upstream over the sessions of a group. */
function run({ ends, context }: Parts, running: RunningContender, times: Omit<Load, 'frame' | 'frameBytes'>) {
  const load = { frame: 'append', frameBytes: 2600, ...times } as const;
  const { toleranceMs } = context.settings;
  return runLoad({ from: ends.generator, to: ends.provider, load, running, toleranceMs });
}

/** Each level in slices: direct, and the contenders that are still looked at. */
export async function findKnees(
  parts: Parts,
  { levels, divisions, rounds, measureMs }: CapacityPlan['knee'],
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
    const label = `capacity, ${sessions} sessions`;
    const level = await withSessionsOfAll(ends, { contenders, sessions, say: context.say }, (open) =>
      context.rounds({ label, contenders: open, rounds, part }, (contender, { name: group }) =>
        run(parts, contender, { group, frameMs: FRAME_MS, warmUpMs: FRAME_MS, measureMs }),
      ),
    );
    measured.push({ sessions, rounds: level });
    return new Map(asked.map((name) => [name, verdictOf(level, name)]));
  }

  return { knees: await searchKnees({ names, levels, divisions, measure }), levels: measured };
}

/** The audio of calls, in each direction: what a session costs. */
export async function measureAudio(
  { context, ends, running }: Parts,
  { rounds }: CapacityPlan['audio'],
): Promise<CapacityData['audio']> {
  const contenders = filtered(running, (name) => !isDirect(name));
  const { seconds } = context.settings;
  const loads = AUDIO_LOADS.flatMap(({ frameMs, ...bytes }) =>
    (['upstream', 'downstream'] as const).map((direction) =>
      loadOf(AUDIO_SESSIONS, { direction, frameBytes: bytes[direction], frameMs, seconds }),
    ),
  );
  const plan = { label: 'capacity, audio', count: AUDIO_SESSIONS, rounds, part: SHARES.audio, loads };
  const part = await measurePart(context, { ends, contenders }, plan);
  return AUDIO_LOADS.map(({ frameMs, ...bytes }) => {
    const runs = (way: string, size: number) => part.loads.get(`${way}-${size}-${frameMs}ms`) ?? new Map();
    return { frameMs, upstream: runs('up', bytes.upstream), downstream: runs('down', bytes.downstream) };
  });
}

/** The same frames in all at every level: each level has a process of its own, and all take turns. */
export async function measureCost(
  { context, ends, running }: Parts,
  { levels, rounds }: CapacityPlan['cost'],
): Promise<CapacityData['cost']> {
  const contenders = context.contenders.filter(({ name }) => running.has(name) && !isDirect(name));
  const options = { contenders, providerPort: ends.provider.port, config: WITHOUT_PINGS };
  const groups = new Map<string, RunningContender>();
  const sessions = new Map<string, number>();
  for (const level of levels) {
    for (const [name, started] of await startAll(context, `capacity, CPU, ${level} sessions`, options)) {
      groups.set(groupOf(name, level), started);
      sessions.set(groupOf(name, level), level);
    }
  }
  const runs = await withSessionsOfAll(ends, { contenders: groups, sessions, say: context.say }, (open) =>
    costRounds({ context, ends, running: open }, { sessions, rounds }),
  );
  for (const started of groups.values()) await started.stop();
  const ofLevel = (level: number) =>
    contenders.map(({ name }) => [name, runs.get(groupOf(name, level)) ?? []] as const);
  return new Map(levels.map((level) => [level, new Map(ofLevel(level))]));
}

const groupOf = (name: string, sessions: number): string => `${name}, ${sessions} sessions`;

interface CostRounds {
  /** By group. */
  readonly sessions: ReadonlyMap<string, number>;
  readonly rounds: number;
}

/** A slice is one period of the level that has most sessions. */
function costRounds(parts: Parts, { sessions, rounds }: CostRounds): Promise<Rounds<LoadRun>> {
  const sliceMs = (1000 * Math.max(...sessions.values())) / FRAMES_PER_SECOND;
  const plan = { label: 'capacity, CPU', contenders: parts.running, rounds, part: SHARES.cost };
  return parts.context.rounds(plan, (running, { name: group, round }) => {
    const frameMs = (1000 * (sessions.get(group) ?? 0)) / FRAMES_PER_SECOND;
    // Code that is not compiled yet would be billed to whoever comes first.
    return run(parts, running, { group, frameMs, warmUpMs: 0, measureMs: round < 0 ? WARM_UP_MS : sliceMs });
  });
}

/** Measures idle sessions of so many fresh processes of each contender, all at the same time: what takes long is the wait for V8. */
export async function measureIdle(
  { context, ends, running }: Parts,
  { sessions, rounds, quietMs }: CapacityPlan['idle'],
): Promise<CapacityData['idle']> {
  if (sessions < FEWEST_SESSIONS) return new Map();
  const names = [...filtered(running, (name) => !isDirect(name)).keys()];
  const contenders = context.contenders.filter(({ name }) => names.includes(name));
  const groups = new Map<string, RunningContender>();
  for (let round = 0; round < rounds; round += 1) {
    const label = `capacity, idle sessions, ${round + 1} of ${rounds}`;
    for (const [name, started] of await startAll(context, label, { contenders, providerPort: ends.provider.port }))
      groups.set(`${name}, ${round}`, started);
  }
  context.progress('capacity, idle sessions: until their memory rests', SHARES.idle[0]);
  const first = { contenders: groups, sessions: FIRST_SESSIONS, say: context.say };
  const memory = await withSessionsOfAll(ends, first, async (open) => {
    const before = await settledKib(open, quietMs);
    const failed = new Map<string, unknown>();
    for (const [group, contender] of open)
      await openSessions(ends, contender, { sessions, group }).catch((error: unknown) => failed.set(group, error));
    for (const [group, error] of failed) context.say(`${group}: ${(error as Error).message}`);
    const after = await settledKib(open, quietMs);
    const whole = [...before].filter(([group]) => !failed.has(group));
    return new Map(whole.map(([group, kib]) => [group, { before: kib, after: after.get(group) ?? Number.NaN }]));
  });
  for (const started of groups.values()) await started.stop();
  const runOf = (group: string) => {
    const kib = memory.get(group);
    return kib && { before: kib.before, perSession: (kib.after - kib.before) / sessions };
  };
  return new Map(names.map((name) => [name, Array.from({ length: rounds }, (_, round) => runOf(`${name}, ${round}`))]));
}

/** Resident memory of each, once none has moved for `quietMs`. */
async function settledKib(
  groups: ReadonlyMap<string, RunningContender>,
  quietMs: number,
): Promise<Map<string, number>> {
  const bytes = () => [...groups.values()].map(({ pids }) => resourceUsage(pids)?.rssBytes ?? Number.NaN);
  let from = bytes();
  let quiet = 0;
  for (let waited = 0; quiet < quietMs && waited < LONGEST_SETTLE_MS; waited += SAMPLE_MS) {
    await delay(SAMPLE_MS);
    const now = bytes();
    const isStill = now.every((value, index) => Math.abs(value - (from[index] as number)) < STILL_BYTES);
    quiet = isStill ? quiet + SAMPLE_MS : 0;
    if (!isStill) from = now;
  }
  const last = bytes();
  return new Map([...groups.keys()].map((group, index) => [group, (last[index] as number) / 1024]));
}
