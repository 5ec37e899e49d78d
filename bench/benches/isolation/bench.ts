// Measures whether the audio feels the side path: the added latency of audio sessions while side tasks run, fail, hang, lose
// their disk or their process. Direct sessions are measured beside the same side load, since all of it shares the cores of one
// machine. Apps and LLM gateways run elsewhere, so the processes that stand for them have the lowest priority.

import { constants, setPriority } from 'node:os';
import type { Direction } from '../../../codecs/frame.ts';
import type { Bench, BenchContext, BenchSettings, RunningContender } from '../../bench.ts';
import { sideSettings } from '../../contenders/side-settings.ts';
import { GREET_MS, PATH } from '../../contenders/start-all.ts';
import { audioLoad, DIRECTIONS } from '../../load/audio-load.ts';
import { type Caller, type MockLlm, startCaller, startMockLlm } from '../../load/load-processes.ts';
import { type LoadRun, runTwice } from '../../load/run.ts';
import { type Ends, startEnds } from '../../load/sessions.ts';
import { beginCase, CASES, type Case, type Disk, mountDisk } from './cases.ts';
import type { CaseRun, Directions, IsolationData } from './data.ts';
import { isolationFigures } from './figures.ts';
import { describeIsolation } from './report.ts';

const SESSIONS = 100;
const WARM_UP_MS = 100;
/** Short, so that concurrency does not limit the tasks. */
const PACE = { thinkMs: 5, tokens: 1, gapMs: 0 };
/** Tasks at once: 200 a second that take a third of a second still fit. Those of a killed process are soon run again. */
const SIDE = { concurrency: 64, leaseMs: 1500 };

/** Cases of the first round, whose code is not compiled yet. */
const WARM_UP_CASES: readonly Case[] = ['absent', 'tasks', 'chat', 'disk-full'];
export const isolation: Bench = {
  name: 'isolation',
  description: `the added p99 of ${SESSIONS} audio sessions while the side path works, fails, hangs, or dies`,
  needs: 'trunkline',
  seconds: (settings) => {
    const { rounds, measureMs } = planOf(settings);
    return 8 + ((rounds + 0.4) * CASES.length * (2 * (WARM_UP_MS + measureMs + 60) + 600)) / 1000;
  },
  async run(context) {
    const { seed } = context.settings;
    const data = await takeTurns(context, await makeBed(context));
    return { ...describeIsolation(data, seed), figures: isolationFigures(data, seed) };
  },
};

function planOf({ isShort, rounds, seconds }: BenchSettings) {
  return { rounds: rounds ?? (isShort ? 3 : 8), measureMs: 1000 * (seconds ?? (isShort ? 0.8 : 2)) };
}

/** The audio sessions of one contender, open all the time. */
interface Line extends Ends {
  readonly running: RunningContender;
}

interface Bed {
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
  const openLine = async (name: string, dataFolder?: string): Promise<Line> => {
    const ends = await startEnds(context, { greetAfterMs: GREET_MS });
    const config = { ...sideSettings(llm.port), side: SIDE };
    const options = { providerPort: ends.provider.port, llmPort: llm.port, config };
    const running = await context.start(name, { ...options, ...(dataFolder !== undefined && { dataFolder }) });
    await ends.generator.open({ url: running.url(PATH), headers: running.headers, sessions: SESSIONS });
    return { ...ends, running };
  };
  return {
    ...{ llm, caller },
    direct: await openLine('direct'),
    trunkline: await openLine('trunkline'),
    onDisk: typeof disk === 'string' ? disk : { disk, line: await openLine('trunkline', disk.folder) },
  };
}

/** Some cases warm up, with half of the time. Then all take turns, so that what drifts on the machine meets all. */
async function takeTurns(context: BenchContext, bed: Bed): Promise<IsolationData> {
  const { rounds, measureMs } = planOf(context.settings);
  const left = new Map<Case, string>(typeof bed.onDisk === 'string' ? [['disk-full', bed.onDisk]] : []);
  const cases = new Map(CASES.filter((name) => !left.has(name)).map((name): [Case, CaseRun[]] => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, [name, runs]] of [...cases].entries()) {
      if (round < 0 && !WARM_UP_CASES.includes(name)) continue;
      const share = (round + 1 + index / cases.size) / (rounds + 1);
      context.progress(`isolation: ${name}, round ${round + 1} of ${rounds}`, share);
      const run = await runCase(context, bed, { name, measureMs: round < 0 ? measureMs / 2 : measureMs });
      if (round >= 0) runs.push(run);
    }
  }
  const lines = [bed.direct, bed.trunkline, ...(typeof bed.onDisk === 'string' ? [] : [bed.onDisk.line])];
  const open = await Promise.all(lines.map(({ provider }) => provider.sessions()));
  return { cases, notMeasured: left, sessionsLost: open.reduce((sum, count) => sum + SESSIONS - count, 0) };
}

async function runCase(
  context: BenchContext,
  bed: Bed,
  { name, measureMs }: { readonly name: Case; readonly measureMs: number },
): Promise<CaseRun> {
  const onDisk = name === 'disk-full' && typeof bed.onDisk !== 'string' ? bed.onDisk : undefined;
  const line = onDisk?.line ?? bed.trunkline;
  const { llm, caller } = bed;
  const side = await beginCase(name, { llm, caller, running: line.running, disk: onDisk?.disk });
  const { toleranceMs } = context.settings;
  // The two run at the same time, so that what the machine does meanwhile meets both.
  const both = [bed.direct, line].map((line) => bothWays(line, measureMs, toleranceMs));
  const [direct, trunkline] = (await Promise.all(both)) as [Directions, Directions];
  return { direct, trunkline, seen: await side.end() };
}

async function bothWays(
  { provider, generator, running }: Line,
  measureMs: number,
  toleranceMs: number,
): Promise<Directions> {
  const runs = new Map<Direction, LoadRun>();
  for (const direction of DIRECTIONS) {
    const [from, to] = direction === 'upstream' ? [generator, provider] : [provider, generator];
    runs.set(
      direction,
      await runTwice({
        from,
        to,
        load: audioLoad(direction, { warmUpMs: WARM_UP_MS, measureMs }),
        running,
        toleranceMs,
      }),
    );
  }
  return runs;
}
