// Measures what the hop adds to an audio frame, in each direction, and what it costs: every contender with the same sessions and
// frames.

import type {
  Bench,
  BenchContext,
  BenchSettings,
  Contender,
  LoadGenerator,
  LoadProvider,
  RunningContender,
} from '../../bench.ts';
import { GREET_MS, PATH, startAll } from '../../contenders/start-all.ts';
import { percentilesMs } from '../../figures/histogram.ts';
import { type LoadRun, type LoadRunOptions, runLoad } from '../../load/run.ts';
import type { HopLoad, HopVisit } from './data.ts';
import { hopFigures } from './figures.ts';
import { describeHop } from './report.ts';

const loadName = ({ direction, frameBytes, frameMs }: HopLoad): string =>
  `${direction === 'upstream' ? 'up' : 'down'}-${frameBytes}-${frameMs}ms`;

export const hop: Bench = {
  name: 'hop',
  description: 'added latency and CPU for each audio frame, upstream and downstream',
  seconds: (settings, contenders) => {
    const { sessions, rounds } = planOf(settings);
    const visits = sessions.map((count) => visitMs(count, settings));
    return contenders + ((rounds + 1) * contenders * visits.reduce((sum, ms) => sum + ms, 0)) / 1000;
  },
  async run(context) {
    const { sessions, rounds } = planOf(context.settings);
    const [provider, generator] = [
      await context.startProvider({ greetAfterMs: GREET_MS }),
      await context.startGenerator(),
    ];
    const running = await startAll(context, 'hop', { providerPort: provider.port });
    const contenders = context.contenders.filter(({ name }) => running.has(name));
    const data = new Map<number, Awaited<ReturnType<typeof context.rounds<HopVisit>>>>();
    const parts = sessions.map((count) => visitMs(count, context.settings));
    for (const [index, count] of sessions.entries()) {
      const loads = loadsFor(count, context.settings);
      const label = `hop, ${count} ${count === 1 ? 'session' : 'sessions'}`;
      const run = ({ name }: Contender) =>
        visit({ context, provider, generator, running: running.get(name) as RunningContender }, count, loads);
      data.set(count, await context.rounds({ label, contenders, rounds, part: shareOf(parts, index) }, run));
    }
    return { ...describeHop(data, context), figures: hopFigures(data, context) };
  },
};

/** Opening and closing the sessions included. */
const visitMs = (sessions: number, settings: BenchSettings): number =>
  loadsFor(sessions, settings).reduce(
    (ms, { warmUpMs, measureMs }) => ms + warmUpMs + measureMs + 60,
    500 + 2 * sessions,
  );

function shareOf(parts: readonly number[], index: number): readonly [number, number] {
  const until = (end: number) => parts.slice(0, end).reduce((sum, part) => sum + part, 0);
  return [until(index) / until(parts.length), until(index + 1) / until(parts.length)];
}

function planOf({ isShort, sessions, rounds }: BenchSettings) {
  return { sessions: sessions ?? [1, 100, 300], rounds: rounds ?? (isShort ? 4 : 8) };
}

/** Sizes and periods that are asked for go both ways; otherwise those of real sessions do. */
function loadsFor(sessions: number, { isShort, seconds, frameBytes, frameMs }: BenchSettings): HopLoad[] {
  const time = { warmUpMs: 200, measureMs: 1000 * (seconds ?? (isShort ? 0.5 : 2)) };
  const up = (bytes: number, ms: number) =>
    ({ ...time, frame: 'append', direction: 'upstream', frameBytes: bytes, frameMs: ms }) as const;
  const down = (bytes: number, ms: number) =>
    ({ ...time, frame: 'delta', direction: 'downstream', frameBytes: bytes, frameMs: ms }) as const;
  if (frameBytes !== undefined || frameMs !== undefined) {
    const sizes = frameBytes ?? [2600];
    return (frameMs ?? [40]).flatMap((ms) => sizes.flatMap((bytes) => [up(bytes, ms), down(bytes, ms)]));
  }
  const usual = [up(2600, 40), down(6500, 40)];
  return sessions === 100 ? [...usual, down(16_000, 40), up(1300, 20)] : usual;
}

interface Parts {
  readonly context: BenchContext;
  readonly provider: LoadProvider;
  readonly generator: LoadGenerator;
  readonly running: RunningContender;
}

/** Repeats a run once when the sender was late: on a shared machine that is chance. The second run counts, whatever it is. */
async function runTwice(options: LoadRunOptions): Promise<LoadRun> {
  const first = await runLoad(options);
  return first.invalid === undefined ? first : { ...(await runLoad(options)), repeatedFor: first.invalid };
}

async function visit(parts: Parts, sessions: number, loads: readonly HopLoad[]): Promise<HopVisit> {
  const { context, provider, generator, running } = parts;
  const runs = new Map<string, LoadRun>();
  try {
    await generator.open({ url: running.url(PATH), headers: running.headers, sessions });
    const echo = { frameBytes: 2600, count: context.settings.isShort ? 200 : 500, warmUp: 50 };
    const pingPong = sessions === 1 ? percentilesMs((await generator.pingPong(echo)).latency) : undefined;
    await running.eventLoopDelay?.();
    for (const load of loads) {
      const [from, to] = load.direction === 'upstream' ? [generator, provider] : [provider, generator];
      const { toleranceMs } = context.settings;
      runs.set(loadName(load), await runTwice({ from, to, load, running, toleranceMs }));
    }
    return { runs, pingPong, eventLoopDelay: await running.eventLoopDelay?.() };
  } finally {
    await generator.close();
    await provider.cleared();
  }
}
