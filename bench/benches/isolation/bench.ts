// Measures whether the audio feels the side path: the added latency of audio sessions in slices without side tasks and in slices beside
// side tasks that run, fail, hang, lose their disk or their process. Direct sessions get the same slices, since all of it shares the cores
// of one machine. Apps and LLM gateways run elsewhere, so the processes that stand for them have the lowest priority.

import { constants, setPriority } from 'node:os';
import type { Bench, BenchContext, BenchSettings, RunningContender } from '../../bench.ts';
import { sideSettings } from '../../contenders/side-settings.ts';
import { GREET_MS } from '../../contenders/start-all.ts';
import { audioLoad, DIRECTIONS } from '../../load/audio-load.ts';
import { type Caller, type MockLlm, startCaller, startMockLlm } from '../../load/load-processes.ts';
import { type LoadRun, runLoad } from '../../load/run.ts';
import { type Ends, openSessions, startEnds } from '../../load/sessions.ts';
import { beginCase, CASES, type Case, type Disk, mountDisk, renewSideProcess, type SideLoad } from './cases.ts';
import type { Block, CaseRun, Directions, IsolationData } from './data.ts';
import { isolationFigures } from './figures.ts';
import { describeIsolation } from './report.ts';

const SESSIONS = 100;
/** Time of a slice that is thrown away, and the time that counts. */
const LEAD_MS = 40;
const SLICE_MS = 160;
/** Time for the beginning and the end of a case, and between two slices. */
const CASE_MS = 600;
const PAUSE_MS = 40;
/** Blocks of slices beside the side load, for each without one. */
const BUSY_BLOCKS = 2;
/** Short, so that concurrency does not limit the tasks. */
const PACE = { thinkMs: 5, tokens: 1, gapMs: 0 };
/** Tasks at once: 200 a second that take a third of a second still fit. Those of a killed process are soon run again. */
const SIDE = { concurrency: 64, leaseMs: 1500 };
/** Cases of the first round, whose code is not compiled yet. */
const WARM_UP_CASES: readonly Case[] = ['absent', 'tasks', 'chat', 'disk-full'];
/** Cases that open the breaker of their target for seconds: a new side process has it closed. */
const BREAKING: readonly Case[] = ['hung', 'failing'];

export const isolation: Bench = {
  name: 'isolation',
  description: `the added p99 of ${SESSIONS} audio sessions while the side path works, fails, hangs, or dies`,
  needs: 'trunkline',
  seconds: (settings) => {
    const { rounds, measureMs } = planOf(settings);
    return (
      8 + ((rounds + 0.6) * CASES.length * (4 * (1 + BUSY_BLOCKS) * (LEAD_MS + measureMs + PAUSE_MS) + CASE_MS)) / 1000
    );
  },
  async run(context) {
    const { seed } = context.settings;
    const data = await takeTurns(context, await makeBed(context));
    return { ...describeIsolation(data, seed), figures: isolationFigures(data, seed) };
  },
};

function planOf({ isShort, rounds, seconds }: BenchSettings) {
  return { rounds: rounds ?? (isShort ? 3 : 12), measureMs: seconds === undefined ? SLICE_MS : 1000 * seconds };
}

/** The audio sessions of one contender, open all the time: a group at both ends. */
interface Line {
  readonly group: string;
  readonly running: RunningContender;
}

interface Bed {
  readonly ends: Ends;
  readonly llm: MockLlm;
  readonly caller: Caller;
  readonly direct: Line;
  readonly trunkline: Line;
  /** A gateway whose store is on a small disk; else why there is none. */
  readonly onDisk: { readonly line: Line; readonly disk: Disk } | string;
}

async function makeBed(context: BenchContext): Promise<Bed> {
  context.progress('isolation: opening sessions', 0);
  const llm = context.own(await startMockLlm({ pace: PACE, models: ['bench'] }));
  const caller = context.own(startCaller());
  for (const { pid } of [llm, caller]) setPriority(pid, constants.priority.PRIORITY_LOW);
  const disk = await mountDisk(context);
  const ends = await startEnds(context, { greetAfterMs: GREET_MS });
  const openLine = async (name: string, group: string, dataFolder?: string): Promise<Line> => {
    const config = { ...sideSettings(llm.port), side: SIDE };
    const options = { providerPort: ends.provider.port, llmPort: llm.port, config };
    const running = await context.start(name, { ...options, ...(dataFolder !== undefined && { dataFolder }) });
    await openSessions(ends, running, { sessions: SESSIONS, group });
    return { group, running };
  };
  return {
    ...{ ends, llm, caller },
    direct: await openLine('direct', 'direct'),
    trunkline: await openLine('trunkline', 'trunkline'),
    onDisk: typeof disk === 'string' ? disk : { disk, line: await openLine('trunkline', 'disk', disk.folder) },
  };
}

/** Some cases warm up, then all take turns, so that what drifts on the machine meets all. */
async function takeTurns(context: BenchContext, bed: Bed): Promise<IsolationData> {
  const { rounds } = planOf(context.settings);
  const left = new Map<Case, string>(typeof bed.onDisk === 'string' ? [['disk-full', bed.onDisk]] : []);
  const cases = new Map(CASES.filter((name) => !left.has(name)).map((name): [Case, CaseRun[]] => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, [name, runs]] of [...cases].entries()) {
      if (round < 0 && !WARM_UP_CASES.includes(name)) continue;
      const share = (round + 1 + index / cases.size) / (rounds + 1);
      context.progress(`isolation: ${name}, round ${round + 1} of ${rounds}`, share);
      const run = await runCase(context, bed, { name, isReversed: round % 2 !== 0 });
      if (round >= 0) runs.push(run);
    }
  }
  const lines = typeof bed.onDisk === 'string' ? 2 : 3;
  return { cases, notMeasured: left, sessionsLost: lines * SESSIONS - (await bed.ends.provider.sessions()) };
}

interface Turn {
  readonly name: Case;
  /** The gateway comes before direct: whoever is first after a kill feels most of it. */
  readonly isReversed: boolean;
}

async function runCase(context: BenchContext, bed: Bed, { name, isReversed }: Turn): Promise<CaseRun> {
  const onDisk = name === 'disk-full' && typeof bed.onDisk !== 'string' ? bed.onDisk : undefined;
  const line = onDisk?.line ?? bed.trunkline;
  const { llm, caller, ends } = bed;
  const slices = { lines: { direct: bed.direct, trunkline: line }, ends, isReversed };
  const quiet = await runBlock(context, slices);
  const side = await beginCase(name, { llm, caller, running: line.running, disk: onDisk?.disk });
  const busy: Block[] = [];
  for (let block = 0; block < BUSY_BLOCKS; block += 1) busy.push(await runBlock(context, { ...slices, side }));
  const seen = await side.end();
  if (BREAKING.includes(name)) await renewSideProcess(line.running);
  return { quiet, busy, seen };
}

interface Slices {
  readonly ends: Ends;
  readonly lines: Readonly<Record<keyof Block, Line>>;
  readonly isReversed: boolean;
  readonly side?: SideLoad;
}

/** One slice in each direction for direct and for the gateway. */
async function runBlock(context: BenchContext, { ends, lines, isReversed, side }: Slices): Promise<Block> {
  const { toleranceMs } = context.settings;
  const times = { warmUpMs: LEAD_MS, measureMs: planOf(context.settings).measureMs };
  const block = { direct: new Map(), trunkline: new Map() } satisfies Record<keyof Block, Directions>;
  const order = isReversed ? (['trunkline', 'direct'] as const) : (['direct', 'trunkline'] as const);
  for (const direction of DIRECTIONS) {
    for (const who of order) {
      const { group, running } = lines[who];
      const [from, to] = direction === 'upstream' ? [ends.generator, ends.provider] : [ends.provider, ends.generator];
      await side?.before();
      const load = { ...audioLoad(direction, times), group };
      const meanwhile = side?.during(LEAD_MS);
      const run: LoadRun = await runLoad({ from, to, load, running, toleranceMs });
      await meanwhile;
      block[who].set(direction, run);
    }
  }
  return block;
}
