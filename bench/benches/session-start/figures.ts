// The figures of the start of a session: both compare with direct in the same round.

import type { BenchContext } from '../../bench.ts';
import { type Figure, type Goal, judgeMedian, unjudged } from '../../figures/results.ts';
import { runsOf } from '../../figures/rounds.ts';
import { median, pairedDifferences, pairedRatios } from '../../figures/statistics.ts';
import {
  besideDirect,
  mintTimes,
  type SessionStartData,
  type StartPlace,
  startCosts,
  startTimes,
  WITH_KEY,
  WITH_SECRET,
} from './data.ts';

export function sessionStartFigures(data: SessionStartData, { settings: { seed } }: BenchContext): Figure[] {
  const added = (name: string) => besideDirect(data.loopback, name, pairedDifferences);
  const ratio = (name: string) => besideDirect(data.far, name, pairedRatios);
  const addedGoal = { id: 'session_start.added_ms.loopback', unit: 'ms', below: 0.3 };
  const ratioGoal = { id: 'session_start.warm_vs_direct.60ms', unit: 'ratio', below: 0.6 };
  const again = ratio('direct-again').map((value) => value - 1);
  return [
    judgeRounds(addedGoal, data.loopback, { rounds: added, name: 'trunkline', again: added('direct-again'), seed }),
    judgeRounds(ratioGoal, data.far, { rounds: ratio, name: 'trunkline-warm', again, seed }),
    cpuFigure(data.loopback, seed),
    ...secretFigures(data.loopback, seed),
  ];
}

function cpuFigure(place: StartPlace, seed: number): Figure {
  const goal = { id: 'session_start.cpu_us', unit: 'us', below: 1000 };
  const missing = place.absent.get('trunkline');
  if (missing !== undefined) return unjudged(goal, `trunkline: ${missing}`);
  const figure = judgeMedian(goal, runsOf(startCosts(place), 'trunkline'), seed);
  return { ...figure, reason: figure.reason ?? 'a start and its end, in all processes' };
}

/** The start with a client secret beside the same start with a key, and the making of the secret. */
function secretFigures(place: StartPlace, seed: number): Figure[] {
  const added = { id: 'session_start.secret_added_ms.loopback', unit: 'ms', below: 2 };
  const mint = { id: 'session_start.secret_mint_ms.loopback', unit: 'ms', below: 5 };
  const missing = place.absent.get('trunkline') ?? place.absent.get(WITH_SECRET) ?? place.absent.get(WITH_KEY);
  if (missing !== undefined) return [added, mint].map((goal) => unjudged(goal, `${WITH_SECRET}: ${missing}`));
  const times = startTimes(place);
  const differences = pairedDifferences(times.get(WITH_SECRET) ?? [], times.get(WITH_KEY) ?? []);
  return [judgeMedian(added, differences, seed), judgeMedian(mint, runsOf(mintTimes(place), WITH_SECRET), seed)];
}

interface Judging {
  readonly rounds: (name: string) => readonly number[];
  readonly name: string;
  /** Differences of direct to itself. */
  readonly again: readonly number[];
  readonly seed: number;
}

function judgeRounds(goal: Goal, { absent }: StartPlace, { rounds, name, again, seed }: Judging): Figure {
  const missing = absent.get(name) ?? absent.get('trunkline');
  if (missing !== undefined) return unjudged(goal, `${name}: ${missing}`);
  const figure = judgeMedian(goal, rounds(name), seed);
  const noise = median(again.map(Math.abs));
  if (figure.value === null || !Number.isFinite(noise)) return figure;
  if (Math.abs(figure.value) > noise) return { ...figure, noise };
  // A goal below a noise floor may or may not be met.
  return { ...figure, noise, met: noise > goal.below ? null : figure.met, reason: 'within the noise floor' };
}
