// One part of the hop: the sessions of all contenders are open at once, and their loads take turns in short slices, so that a change
// of the machine's mood meets everyone.

import type { BenchContext, EventLoopDelay, RunningContender } from '../../bench.ts';
import { type Percentiles, percentilesMs } from '../../figures/histogram.ts';
import type { Rounds } from '../../figures/rounds.ts';
import { type LoadRun, runLoad } from '../../load/run.ts';
import { type Ends, withSessionsOfAll } from '../../load/sessions.ts';
import type { HopLoad, HopPart } from './data.ts';
import { loadName, warmUpLoads } from './loads.ts';
import { sessionsText } from './report.ts';

/** Contenders that are ready, and both ends of their sessions. */
export interface HopLines {
  readonly ends: Ends;
  readonly contenders: ReadonlyMap<string, RunningContender>;
  /** PEM file that signed the certificates, where there are any. */
  readonly ca?: string;
}

type Share = readonly [from: number, to: number];

interface PartPlan {
  readonly label: string;
  readonly count: number;
  readonly rounds: number;
  readonly part: Share;
  readonly loads: readonly HopLoad[];
}

/** Opens so many sessions in every contender, and gives each load its slices. */
export function measurePart(
  context: BenchContext,
  { ends, contenders, ca }: HopLines,
  { label: name, count, rounds, part, loads: wanted }: PartPlan,
): Promise<HopPart> {
  const label = `${name}, ${sessionsText(count)}`;
  const sessions = { contenders, sessions: count, say: context.say, ...(ca !== undefined && { ca }) };
  return withSessionsOfAll(ends, sessions, async (open) => {
    const turns: Turns = { context, ends, label, contenders: open, rounds };
    await warmUp(turns, count, part[0]);
    await eventLoopDelaysOf(open);
    const loads = await sliceLoads(turns, wanted, part);
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
async function warmUp({ context, ends, label, contenders }: Turns, sessions: number, at: number): Promise<void> {
  const plan = { label: `${label}, warm-up`, contenders, rounds: 1, warmUp: false, part: [at, at] } as const;
  for (const load of warmUpLoads(sessions))
    await context.rounds(plan, (running, { name: group }) => slice(ends, running, { ...load, group }));
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
  const spoken: HopLoad = running.isBinary ? { ...load, frame: 'sound' } : load;
  return runLoad({ from, to, load: spoken, running, toleranceMs });
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
