// The figures of streamed answers: what is added to the first token and to the gaps beside 100 of them, and how long anything stands still beside
// 1,000.

import { digits } from '../../../figures/format.ts';
import {
  FEWEST_ROUNDS,
  type Figure,
  type Goal,
  judge,
  judgeMedian,
  TOO_FEW,
  unjudged,
} from '../../../figures/results.ts';
import { addedRounds, runsOf, validRounds } from '../../../figures/rounds.ts';
import { type Estimate, estimateMedian, median } from '../../../figures/statistics.ts';
import { MOST_READERS, STREAM_LOADS, type StreamLoad, type StreamsData, type StreamTime, streamTimes } from './data.ts';

const SUBJECT = 'trunkline';

interface Time extends Goal {
  readonly of: StreamTime;
  /** Others must add more. */
  readonly isAhead: boolean;
}

const TIMES: readonly Time[] = [
  { id: 'text.added_first_p50_ms', unit: 'ms', below: 1, of: ({ firstMs }) => firstMs.p50, isAhead: true },
  { id: 'text.added_first_p99_ms', unit: 'ms', below: 5, of: ({ firstMs }) => firstMs.p99, isAhead: true },
  { id: 'text.gap_p99_moved_ms', unit: 'ms', below: 1, of: ({ gapMs }) => gapMs.p99, isAhead: false },
];

export function streamFigures(data: StreamsData, seed: number): Figure[] {
  return [...TIMES.map((time) => addedFigure(data, time, seed)), ...stallFigures(data, seed)];
}

/** The load to which most is added. */
function addedFigure(data: StreamsData, time: Time, seed: number): Figure {
  const { id, unit, below } = time;
  const loads = STREAM_LOADS.filter((load) => (data.loads.get(SUBJECT) ?? []).some((visit) => visit?.has(load)));
  const all = loads.map((load) => ({ load, added: addedTo(data, SUBJECT, { load, time, seed }) }));
  const known = all.flatMap(({ load, added }) => (added === undefined ? [] : [{ load, ...added }]));
  if (known.length === 0 || known.length < all.length) return unjudged({ id, unit, below }, TOO_FEW);
  const worst = known.reduce((a, b) => (b.value > a.value ? b : a));
  const missing = data.leftOut.filter(({ name }) => name === SUBJECT).map(({ load, reason }) => `${load}: ${reason}`);
  const peers = time.isAhead ? peersOf(data, known, { time, seed }) : [];
  const ahead = peers.filter(({ isAhead }) => isAhead).map(({ words }) => words);
  const words = [worst.load, ...missing, ...peers.map((peer) => peer.words)];
  const figure = judge({ id, unit, below }, worst, {
    noise: median(addedRounds(streamTimes(data, worst.load, time.of), 'direct-again').map(Math.abs)),
    reason: words.join('; '),
  });
  if (!time.isAhead) return figure;
  return {
    ...figure,
    goal: `${figure.goal}, and below every other gateway`,
    met: figure.met && ahead.length === 0,
  };
}

interface Asked {
  readonly load: StreamLoad;
  readonly time: Time;
  readonly seed: number;
}

function addedTo(data: StreamsData, name: string, { load, time, seed }: Asked): Estimate | undefined {
  const rounds = addedRounds(streamTimes(data, load, time.of), name);
  return rounds.length < FEWEST_ROUNDS ? undefined : estimateMedian(rounds, seed);
}

/** Each other gateway beside this one, in each load that both can do. */
function peersOf(
  data: StreamsData,
  own: readonly (Estimate & { readonly load: StreamLoad })[],
  asked: Omit<Asked, 'load'>,
) {
  const peers = [...data.loads.keys()].filter((name) => !name.startsWith(SUBJECT) && !name.startsWith('direct'));
  return peers.flatMap((name) =>
    own
      .filter(({ load }) => load !== 'ui-chat')
      .map(({ load, value }) => {
        const added = addedTo(data, name, { load, ...asked });
        const left = data.leftOut.find((one) => one.name === name && one.load === load)?.reason ?? TOO_FEW;
        if (added === undefined) return { isAhead: false, words: `${name}, ${load}: ${left}` };
        const both = `${name} adds ${digits(added.value)} ms to ${load} (${SUBJECT} ${digits(value)} ms)`;
        return { isAhead: added.value <= value, words: both };
      }),
  );
}

function stallFigures({ most }: StreamsData, seed: number): Figure[] {
  const runs = runsOf(validRounds(most), SUBJECT);
  const loop = { id: `text.loop_stall_ms.${MOST_READERS}`, unit: 'ms', below: 50 };
  const stream = { id: `text.stream_stall_ms.${MOST_READERS}`, unit: 'ms', below: 50 };
  const lags = runs.flatMap(({ loopMs }) => loopMs ?? []);
  const delays = runs.map(({ delayMs }) => delayMs.max);
  const direct = median(runsOf(validRounds(most), 'direct').map(({ delayMs }) => delayMs.max));
  const beside = Number.isFinite(direct) ? `direct: ${digits(direct)} ms` : null;
  return [judgeMedian(loop, lags, seed), { ...judgeMedian(stream, delays, seed), ...(beside && { reason: beside }) }];
}
