// The figures of isolation: how far the added p99 moves in each case, the worse direction; and that nothing is dropped.

import type { Direction } from '../../../codecs/frame.ts';
import { digits } from '../../figures/format.ts';
import { type Figure, type Goal, judge, unjudged } from '../../figures/results.ts';
import { type Estimate, estimateMedian, pairedDifferences } from '../../figures/statistics.ts';
import { CASES, type Case, QUIET } from './cases.ts';
import { type CaseRun, DIRECTIONS, type IsolationData } from './data.ts';

const GOAL_MS = 0.2;
/** Five times the goal: a noise floor above it says nothing about the goal. */
const HIGHEST_FLOOR_MS = 1;
const FEWEST_ROUNDS = 2;

export function isolationFigures(data: IsolationData, seed: number): Figure[] {
  const moved = CASES.filter((name) => !QUIET.includes(name)).map((name) => movedFigure(data, name, seed));
  return [...moved, droppedFigure(data)];
}

function movedFigure(data: IsolationData, name: Case, seed: number): Figure {
  const goal: Goal = { id: `isolation.p99_moved_ms.${name.replace('-', '_')}`, unit: 'ms', below: GOAL_MS };
  const reason = data.notMeasured.get(name);
  if (reason !== undefined) return unjudged(goal, reason);
  const own = worstMoved(data, name, seed);
  const floor = worstMoved(data, 'absent-again', seed);
  if (own === undefined || floor === undefined) return unjudged(goal, `too few valid rounds${whyNot(data, name)}`);
  const noise = floorOf(floor);
  const figure = judge(goal, own.value, { interval: [...own.interval], noise, reason: own.direction });
  const isNoise = own.value > GOAL_MS && own.value <= noise;
  const isTooNoisy = isNoise && noise > HIGHEST_FLOOR_MS;
  const words = isTooNoisy ? 'a noise floor that says nothing:' : 'the noise floor of';
  return {
    ...figure,
    goal: `${figure.goal} or the noise floor`,
    met: isTooNoisy ? null : figure.met || isNoise,
    reason: `${own.direction}${isNoise ? `, within ${words} ${digits(noise)} ms` : ''}`,
  };
}

/** Reason why the first invalid run of a case does not count. */
function whyNot(data: IsolationData, name: Case): string {
  const runs = [name, 'absent', 'absent-again'].flatMap((caseName) => data.cases.get(caseName as Case) ?? []);
  const all = runs.flatMap(({ direct, trunkline }) => [...direct.values(), ...trunkline.values()]);
  const invalid = all.find((run) => run.invalid !== undefined)?.invalid;
  return invalid === undefined ? '' : `: ${invalid}`;
}

/** Largest difference of the same thing to itself. */
const floorOf = ({ value, interval }: Estimate): number => Math.max(...[value, ...interval].map(Math.abs));

/** undefined: there are too few valid rounds. */
function worstMoved(
  data: IsolationData,
  name: Case,
  seed: number,
): (Estimate & { readonly direction: Direction }) | undefined {
  const all = DIRECTIONS.map((direction) => ({ direction, rounds: movedRounds(data, name, direction) }));
  if (all.some(({ rounds }) => rounds.length < FEWEST_ROUNDS)) return undefined;
  return all
    .map(({ direction, rounds }) => ({ direction, ...estimateMedian(rounds, seed) }))
    .reduce((a, b) => (b.value > a.value ? b : a));
}

/** The added p99 less that of the same round without side tasks. */
export function movedRounds(data: IsolationData, name: Case, direction: Direction): number[] {
  return pairedDifferences(addedP99Rounds(data, name, direction), addedP99Rounds(data, 'absent', direction));
}

/** The p99 of trunkline less that of direct beside the same side load; undefined where one of the runs is invalid. */
export function addedP99Rounds(data: IsolationData, name: Case, direction: Direction): (number | undefined)[] {
  return (data.cases.get(name) ?? []).map((run) => {
    const [own, base] = [p99Of(run, 'trunkline', direction), p99Of(run, 'direct', direction)];
    return own === undefined || base === undefined ? undefined : own - base;
  });
}

export function p99Of(run: CaseRun, who: 'direct' | 'trunkline', direction: Direction): number | undefined {
  const load = run[who].get(direction);
  return load?.invalid === undefined ? load?.latencyMs.p99 : undefined;
}

function droppedFigure(data: IsolationData): Figure {
  const frames = [...data.cases.values()].flat().reduce((sum, { trunkline }) => sum + lostIn(trunkline), 0);
  const goal = { id: 'isolation.dropped', unit: 'frames and sessions', below: 0 };
  return judge(goal, frames + data.sessionsLost, {
    reason: `${frames} frames, ${data.sessionsLost} sessions, in all cases${data.notMeasured.size > 0 ? ' that were measured' : ''}`,
  });
}

export const lostIn = (runs: CaseRun['trunkline']): number =>
  [...runs.values()].reduce((sum, { lost }) => sum + lost, 0);
