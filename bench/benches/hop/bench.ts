// Measures what the hop adds to an audio frame, in each direction, and what it costs: every contender with the same sessions and
// frames.

import type { Bench, BenchSettings, RunningContender } from '../../bench.ts';
import { GREET_MS, startAll } from '../../contenders/start-all.ts';
import { percentilesMs } from '../../figures/histogram.ts';
import type { Rounds } from '../../figures/rounds.ts';
import { type LoadRun, runTwice } from '../../load/run.ts';
import { type Ends, startEnds, withSessions } from '../../load/sessions.ts';
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
    const { settings } = context;
    const { sessions, rounds } = planOf(settings);
    const ends = await startEnds(context, { greetAfterMs: GREET_MS });
    const contenders = await startAll(context, 'hop', { providerPort: ends.provider.port });
    const data = new Map<number, Rounds<HopVisit>>();
    const parts = sessions.map((count) => visitMs(count, settings));
    for (const [index, count] of sessions.entries()) {
      const label = `hop, ${count} ${count === 1 ? 'session' : 'sessions'}`;
      const part = shareOf(parts, index);
      const visits = await context.rounds({ label, contenders, rounds, part }, (running) =>
        visit(ends, running, count, settings),
      );
      data.set(count, visits);
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

function visit(ends: Ends, running: RunningContender, sessions: number, settings: BenchSettings): Promise<HopVisit> {
  const { provider, generator } = ends;
  return withSessions(ends, running, async (open) => {
    await open(sessions);
    const echo = { frameBytes: 2600, count: settings.isShort ? 200 : 500, warmUp: 50 };
    const pingPong = sessions === 1 ? percentilesMs((await generator.pingPong(echo)).latency) : undefined;
    await running.eventLoopDelay?.();
    const runs = new Map<string, LoadRun>();
    for (const load of loadsFor(sessions, settings)) {
      const [from, to] = load.direction === 'upstream' ? [generator, provider] : [provider, generator];
      runs.set(loadName(load), await runTwice({ from, to, load, running, toleranceMs: settings.toleranceMs }));
    }
    return { runs, pingPong, eventLoopDelay: await running.eventLoopDelay?.() };
  });
}
