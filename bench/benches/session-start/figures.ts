// The figures of the start of a session: both compare with direct in the same round.

import type { BenchContext } from '../../bench.ts';
import { type Figure, type Goal, judge, unjudged } from '../../figures/results.ts';
import { estimateMedian, median, pairedDifferences, pairedRatios, quantile } from '../../figures/statistics.ts';
import type { SessionStartData, StartPlace } from './data.ts';
import type { SessionStart } from './starter.ts';

const FEWEST_ROUNDS = 3;

export function sessionStartFigures(data: SessionStartData, { settings: { seed } }: BenchContext): Figure[] {
  return [addedOnLoopback(data.loopback, seed), warmToDirect(data.far, seed)];
}

function addedOnLoopback(place: StartPlace, seed: number): Figure {
  const goal = { id: 'session_start.added_ms.loopback', unit: 'ms', below: 0.3 };
  const of = (name: string) => pairedDifferences(startRounds(place, name), startRounds(place, 'direct'));
  return judgeRounds(goal, { place, name: 'trunkline', rounds: of('trunkline'), again: of('direct-again'), seed });
}

function warmToDirect(place: StartPlace, seed: number): Figure {
  const goal = { id: 'session_start.warm_vs_direct.60ms', unit: 'ratio', below: 0.6 };
  const of = (name: string) => pairedRatios(startRounds(place, name), startRounds(place, 'direct'));
  const again = of('direct-again').map((ratio) => ratio - 1);
  return judgeRounds(goal, { place, name: 'trunkline-warm', rounds: of('trunkline-warm'), again, seed });
}

interface Rounds {
  readonly place: StartPlace;
  readonly name: string;
  readonly rounds: readonly number[];
  /** Differences of direct to itself. */
  readonly again: readonly number[];
  readonly seed: number;
}

function judgeRounds(goal: Goal, { place, name, rounds, again, seed }: Rounds): Figure {
  const missing = place.absent.get(name) ?? place.absent.get('trunkline');
  if (missing !== undefined) return unjudged(goal, `${name}: ${missing}`);
  if (rounds.length < FEWEST_ROUNDS) return unjudged(goal, 'too few valid rounds');
  const { value, interval } = estimateMedian(rounds, seed);
  const noise = median(again.map(Math.abs));
  const figure = judge(goal, value, { interval: [...interval], noise: Number.isFinite(noise) ? noise : null });
  if (Math.abs(value) > noise) return figure;
  // A goal below a noise floor may or may not be met.
  return { ...figure, met: noise > goal.below ? null : figure.met, reason: 'within the noise floor' };
}

/** A percentile of each round, the median when not given; undefined where the visit failed. */
export function startRounds(
  place: StartPlace,
  name: string,
  step: keyof SessionStart = 'total',
  at = 0.5,
): (number | undefined)[] {
  const visits = place.rounds.get(name) ?? [];
  return visits.map(
    (visit) =>
      visit &&
      quantile(
        visit.map((start) => start[step]),
        at,
      ),
  );
}
