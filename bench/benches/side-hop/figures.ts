// The figures of the side path's hop: the worst of whole and streamed answers, of the first byte and the last.

import { digits } from '../../figures/format.ts';
import { FEWEST_ROUNDS, type Figure, type Goal, judge, judgeMedian, TOO_FEW, unjudged } from '../../figures/results.ts';
import { addedRounds, runsOf, validRounds } from '../../figures/rounds.ts';
import { type Estimate, estimateMedian, median } from '../../figures/statistics.ts';
import { chatRuns, chatTimes, type Moment, type SideHopData } from './data.ts';
import { type Ledger, ledgerGap } from './ledger.ts';

const SUBJECT = 'trunkline';

export interface Judging {
  /** Ledger after the rounds; undefined when there was no trunkline. */
  readonly ledger: Ledger | undefined;
  readonly seed: number;
}

export function sideHopFigures(data: SideHopData, { ledger, seed }: Judging): Figure[] {
  const gap = ledger === undefined ? 'there was no trunkline' : ledgerGap(ledger);
  const judged = (goal: Goal, figure: () => Figure) => (gap === undefined ? figure() : unjudged(goal, gap));
  const times = TIMES.map(({ id, loads, rank, below }) => {
    const goal = { id: `side_hop.${id}`, unit: 'ms', below };
    return judged(goal, () => added(data, goal, { rank, seed, loads }));
  });
  const cpu = { id: 'side_hop.cpu_us_per_call', unit: 'us', below: 600 };
  return [...times, judged(cpu, () => judgeMedian(cpu, costsOf(data, 'whole'), seed)), errorsFigure(data)];
}

/** Calls without a right answer when there are many. */
function errorsFigure({ many }: SideHopData): Figure {
  if (typeof many === 'string') return unjudged({ id: 'side_hop.errors', unit: 'calls', below: 0 }, many);
  const { perSecond, processes, run } = many;
  const goal = { id: 'side_hop.errors', unit: 'calls', below: 0 };
  const rate = `${run.calls} calls at ${perSecond} a second through ${processes} side processes`;
  return judge(goal, run.calls - run.answers, {
    reason: `${rate}: p50 ${digits(run.totalMs.p50)} ms, p99 ${digits(run.totalMs.p99)} ms`,
  });
}

const BUSY = ['whole', 'streamed'];
const TIMES = [
  { id: 'added_p50_ms', loads: BUSY, rank: 'p50', below: 0.5 },
  { id: 'added_p99_ms', loads: BUSY, rank: 'p99', below: 2 },
  { id: 'added_p50_ms.50', loads: ['whole-50'], rank: 'p50', below: 0.7 },
  { id: 'added_p99_ms.50', loads: ['whole-50'], rank: 'p99', below: 2 },
] as const;

const costsOf = (data: SideHopData, load: string): number[] =>
  runsOf(validRounds(chatRuns(data, load)), SUBJECT).flatMap(({ cpuUsPerCall }) => cpuUsPerCall ?? []);

interface Ranked {
  readonly rank: Moment['rank'];
  readonly seed: number;
  readonly loads: readonly string[];
}

function added(data: SideHopData, goal: Goal, ranked: Ranked): Figure {
  const own = worstAdded(data, SUBJECT, ranked);
  if (own === undefined) return unjudged(goal, TOO_FEW);
  const { load, at } = own.moment;
  const peers = [...data.closed.keys()]
    .filter((name) => !name.startsWith(SUBJECT) && !name.startsWith('direct'))
    .map((name) => comparison(data, name, ranked));
  const ahead = peers.filter(({ isAhead }) => isAhead).map(({ name }) => name);
  const place = `${load} answers, ${at === 'totalMs' ? 'last' : 'first'} byte`;
  const figure = judge(goal, own, {
    noise: median(addedRounds(chatTimes(data, own.moment), 'direct-again').map(Math.abs)),
    reason: [place, ...peers.map(({ words }) => words)].join('; '),
  });
  return {
    ...figure,
    goal: `${figure.goal}, and below every other gateway`,
    met: figure.met && ahead.length === 0,
    ...(ahead.length > 0 && { reason: `${ahead.join(', ')} is ahead; ${figure.reason}` }),
  };
}

/** Compares over the loads that this gateway can do: it may not stream, or not keep up. */
function comparison(data: SideHopData, name: string, ranked: Ranked) {
  const loads = ranked.loads.filter((load) => worstAdded(data, name, { ...ranked, loads: [load] }) !== undefined);
  const [peer, own] = [name, SUBJECT].map((value) => worstAdded(data, value, { ...ranked, loads }));
  if (peer === undefined || own === undefined) {
    const reason = data.leftOut.find((left) => left.name === name && ranked.loads.includes(left.load))?.reason;
    return {
      name,
      isAhead: false,
      words: reason === undefined ? `${name} has too few valid rounds` : `${name}: ${reason}`,
    };
  }
  const only =
    loads.length < ranked.loads.length
      ? ` to ${loads.join()} answers, of which alone it has valid rounds (${SUBJECT} ${digits(own.value)} ms)`
      : '';
  return { name, isAhead: peer.value <= own.value, words: `${name} adds ${digits(peer.value)} ms${only}` };
}

/** Moment at which most is added; undefined when there are too few valid rounds somewhere. */
function worstAdded(
  data: SideHopData,
  name: string,
  { rank, seed, loads }: Ranked,
): (Estimate & { readonly moment: Moment }) | undefined {
  const moments = loads.flatMap((load) => (['firstByteMs', 'totalMs'] as const).map((at) => ({ load, at, rank })));
  const all = moments.map((moment) => ({ moment, rounds: addedRounds(chatTimes(data, moment), name) }));
  if (all.length === 0 || all.some(({ rounds }) => rounds.length < FEWEST_ROUNDS)) return undefined;
  return all
    .map(({ moment, rounds }) => ({ moment, ...estimateMedian(rounds, seed) }))
    .reduce((a, b) => (b.value > a.value ? b : a));
}
