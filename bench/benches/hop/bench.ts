// Measures what the hop adds to an audio frame, in each direction, and what it costs. The sessions of all contenders are open at
// once, and their loads take turns in short slices, so that a change of the machine's mood meets everyone.

import type { Bench, BenchContext, BenchSettings, RunningContender } from '../../bench.ts';
import { GREET_MS, startAll } from '../../contenders/start-all.ts';
import { type Percentiles, percentilesMs } from '../../figures/histogram.ts';
import type { Rounds } from '../../figures/rounds.ts';
import { type LoadRun, runLoad } from '../../load/run.ts';
import { type Ends, startEnds, withSessionsOfAll } from '../../load/sessions.ts';
import type { EventLoopDelay, HopLoad, HopPart } from './data.ts';
import { hopFigures } from './figures.ts';
import { loadName, loadsFor, millisecondsOf, WARM_UP_MS } from './loads.ts';
import { describeHop } from './report.ts';

interface Lines {
  readonly ends: Ends;
  readonly contenders: ReadonlyMap<string, RunningContender>;
}

export const hop: Bench = {
  name: 'hop',
  description: 'added latency and CPU for each audio frame, upstream and downstream',
  seconds(settings, contenders) {
    const { sessions, rounds } = planOf(settings);
    const parts = sessions.map((count) => partMs(count, rounds, settings));
    return contenders + (contenders * parts.reduce((sum, ms) => sum + ms, 0)) / 1000;
  },
  async run(context) {
    const { sessions, rounds } = planOf(context.settings);
    const ends = await startEnds(context, { greetAfterMs: GREET_MS });
    const lines = { ends, contenders: await startAll(context, 'hop', { providerPort: ends.provider.port }) };
    const shares = sharesOf(sessions.map((count) => partMs(count, rounds, context.settings)));
    const data = new Map<number, HopPart>();
    for (const [index, count] of sessions.entries())
      data.set(count, await measurePart(context, lines, { count, rounds, part: shares[index] ?? [0, 1] }));
    return { ...describeHop(data, context), figures: hopFigures(data, context) };
  },
};

function planOf({ isShort, sessions, rounds }: BenchSettings) {
  return { sessions: sessions ?? [1, 100, 300], rounds: rounds ?? (isShort ? 12 : 40) };
}

/** Milliseconds of one contender, opening and closing its sessions included. */
const partMs = (sessions: number, rounds: number, settings: BenchSettings): number =>
  loadsFor(sessions, settings).reduce(
    (ms, load) => ms + (rounds + 1) * millisecondsOf(load),
    WARM_UP_MS + 2 * sessions,
  );

type Share = readonly [from: number, to: number];

function sharesOf(parts: readonly number[]): Share[] {
  const until = (end: number) => parts.slice(0, end).reduce((sum, part) => sum + part, 0);
  return parts.map((_, index) => [until(index) / until(parts.length), until(index + 1) / until(parts.length)]);
}

interface PartPlan {
  readonly count: number;
  readonly rounds: number;
  readonly part: Share;
}

function measurePart(context: BenchContext, { ends, contenders }: Lines, plan: PartPlan): Promise<HopPart> {
  const { count, rounds, part } = plan;
  const label = `hop, ${count} ${count === 1 ? 'session' : 'sessions'}`;
  return withSessionsOfAll(ends, { contenders, sessions: count, say: context.say }, async (open) => {
    const turns: Turns = { context, ends, label, contenders: open, rounds };
    await warmUp(turns, part[0]);
    await eventLoopDelaysOf(open);
    const loads = await sliceLoads(turns, loadsFor(count, context.settings), part);
    const eventLoopDelays = await eventLoopDelaysOf(open);
    return { loads, eventLoopDelays, roundTrips: count === 1 ? await closedLoop(turns, part[1]) : new Map() };
  });
}

interface Turns {
  readonly context: BenchContext;
  readonly ends: Ends;
  readonly label: string;
  readonly contenders: ReadonlyMap<string, RunningContender>;
  readonly rounds: number;
}

/** Code that is not compiled yet would cost more than what is measured. */
async function warmUp({ context, ends, label, contenders }: Turns, at: number): Promise<void> {
  const [load] = loadsFor(1, context.settings) as [HopLoad];
  const plan = { label: `${label}, warm-up`, contenders, rounds: 1, warmUp: false, part: [at, at] } as const;
  await context.rounds(plan, (running, { name: group }) =>
    slice(ends, running, { ...load, group, measureMs: WARM_UP_MS }),
  );
}

async function sliceLoads(
  turns: Turns,
  loads: readonly HopLoad[],
  [from, to]: Share,
): Promise<Map<string, Rounds<LoadRun>>> {
  const { context, ends, label, contenders, rounds } = turns;
  const { toleranceMs } = context.settings;
  const runs = new Map<string, Rounds<LoadRun>>();
  const at = (index: number) => from + ((to - from) * index) / loads.length;
  for (const [index, load] of loads.entries()) {
    const name = loadName(load);
    const plan = { label: `${label}, ${name}`, contenders, rounds, part: [at(index), at(index + 1)] } as const;
    const turn = (running: RunningContender, group: string) => slice(ends, running, { ...load, group }, toleranceMs);
    runs.set(name, await context.rounds(plan, (running, { name: group }) => turn(running, group)));
  }
  return runs;
}

function slice({ provider, generator }: Ends, running: RunningContender, load: HopLoad, toleranceMs = Infinity) {
  const [from, to] = load.direction === 'upstream' ? [generator, provider] : [provider, generator];
  return runLoad({ from, to, load, running, toleranceMs });
}

function closedLoop({ context, ends, label, contenders, rounds }: Turns, at: number): Promise<Rounds<Percentiles>> {
  const plan = { label: `${label}, closed loop`, contenders, rounds, part: [at, at] } as const;
  return context.rounds(plan, async (_, { name: group }) =>
    percentilesMs((await ends.generator.pingPong({ group, frameBytes: 2600, count: 40, warmUp: 5 })).latency),
  );
}

/** Since the last call. */
async function eventLoopDelaysOf(contenders: Turns['contenders']): Promise<Map<string, EventLoopDelay>> {
  const delays = new Map<string, EventLoopDelay>();
  for (const [name, running] of contenders) {
    const delay = await running.eventLoopDelay?.();
    if (delay !== undefined) delays.set(name, delay);
  }
  return delays;
}
