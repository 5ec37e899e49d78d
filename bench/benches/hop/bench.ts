// Measures what the hop adds to an audio frame, in each direction, and what it costs: every contender with the same sessions and
// frames.

import type { Bench, BenchContext, BenchSettings, RunningContender } from '../../bench.ts';
import { GREET_MS, startAll } from '../../contenders/start-all.ts';
import { startEnds } from '../../load/sessions.ts';
import type { HopPart } from './data.ts';
import { BINARY, binaryFigures, hopFigures } from './figures.ts';
import { loadsFor, millisecondsOf, warmUpTime } from './loads.ts';
import { describeHop } from './report.ts';
import { type HopLines, measurePart } from './slices.ts';

export const hop: Bench = {
  name: 'hop',
  description: 'added latency and CPU for each audio frame, upstream and downstream',
  seconds(settings, contenders) {
    const { sessions } = planOf(settings);
    const parts = sessions.map((count) => partMs(count, settings));
    const binaryMs = 2 * partMs(BINARY_SESSIONS, settings);
    return contenders + (contenders * parts.reduce((sum, ms) => sum + ms, 0) + binaryMs) / 1000;
  },
  async run(context) {
    const { sessions } = planOf(context.settings);
    const ends = await startEnds(context, { greetAfterMs: GREET_MS });
    const lines = { ends, contenders: await startAll(context, 'hop', optionsFor(ends.provider.port)) };
    const shares = sharesOf(sessions.map((count) => partMs(count, context.settings)));
    const data = new Map<number, HopPart>();
    for (const [index, count] of sessions.entries()) {
      const plan = {
        label: 'hop',
        count,
        rounds: roundsWith(count, context.settings),
        part: shares[index] ?? [0, 1],
        loads: loadsFor(count, context.settings),
      };
      data.set(count, await measurePart(context, lines, plan));
    }
    const binary = await measureBinary(context, lines);
    const figures = [...hopFigures(data, context), ...binaryFigures(binary, context)];
    return { ...describeHop(data, binary, context), figures };
  },
};

/** Sessions of Deepgram's agent, whose frames are sound alone. */
const BINARY_SESSIONS = 100;
const BINARY_PATH = '/v1/agent/converse';

const optionsFor = (providerPort: number) => {
  const deepgram = { baseUrl: `ws://127.0.0.1:${providerPort}`, apiKey: 'bench', allowPrivate: true };
  return { providerPort, config: { providers: { deepgram } } };
};

/** The same audio through one gateway in two dialects, in turns: base64 in events, and binary messages. undefined: the gateway is not here. */
async function measureBinary(context: BenchContext, { ends, contenders }: HopLines): Promise<HopPart | undefined> {
  const running = contenders.get('trunkline');
  if (running === undefined) return undefined;
  const binary: RunningContender = { ...running, url: () => running.url(BINARY_PATH), isBinary: true };
  const both = new Map([
    ['trunkline', running],
    [BINARY, binary],
  ]);
  const loads = loadsFor(BINARY_SESSIONS, context.settings).slice(0, 2);
  const rounds = roundsWith(BINARY_SESSIONS, context.settings);
  const plan = { label: 'hop, binary', count: BINARY_SESSIONS, rounds, part: [1, 1] as const, loads };
  return measurePart(context, { ends, contenders: both }, plan);
}

/** No figure needs a single session, whose slices are long. */
const planOf = ({ sessions, isShort }: BenchSettings) => ({
  sessions: sessions ?? (isShort ? [100, 300] : [1, 100, 300]),
});

const roundsWith = (sessions: number, { isShort, rounds }: BenchSettings): number =>
  rounds ?? (isShort ? (sessions === 1 ? 4 : 10) : 40);

/** Milliseconds of one contender, opening and closing its sessions included. */
const partMs = (sessions: number, settings: BenchSettings): number =>
  loadsFor(sessions, settings).reduce(
    (ms, load) => ms + (roundsWith(sessions, settings) + 1) * millisecondsOf(load),
    warmUpTime(sessions) + 2 * sessions,
  );

function sharesOf(parts: readonly number[]): [from: number, to: number][] {
  const until = (end: number) => parts.slice(0, end).reduce((sum, part) => sum + part, 0);
  return parts.map((_, index) => [until(index) / until(parts.length), until(index + 1) / until(parts.length)]);
}
