// The figures of isolation: how far the added p99 moves in each case, the worse direction; and that nothing is dropped.

import type { Direction } from '../../../codecs/frame.ts';
import { digits } from '../../figures/format.ts';
import { type Figure, judge, TOO_FEW, unjudged } from '../../figures/results.ts';
import { addedRounds, noiseFloor } from '../../figures/rounds.ts';
import { type Estimate, estimateMedian } from '../../figures/statistics.ts';
import { DIRECTIONS } from '../../load/audio-load.ts';
import { CASES, type Case, QUIET } from './cases.ts';
import { addedP99s, type IsolationData, lostIn } from './data.ts';

const GOAL_MS = 0.2;
/** Five times the goal: a noise floor above it says nothing about the goal. */
const HIGHEST_FLOOR_MS = 1;
const FEWEST_ROUNDS = 2;

export function isolationFigures(data: IsolationData, seed: number): Figure[] {
  const moved = CASES.filter((name) => !QUIET.includes(name)).map((name) => movedFigure(data, name, seed));
  return [...moved, droppedFigure(data)];
}

function movedFigure(data: IsolationData, name: Case, seed: number): Figure {
  const goal = { id: `isolation.p99_moved_ms.${name.replace('-', '_')}`, unit: 'ms', below: GOAL_MS };
  const reason = data.notMeasured.get(name);
  if (reason !== undefined) return unjudged(goal, reason);
  const own = worstMoved(data, name, seed);
  const floor = worstMoved(data, 'absent-again', seed);
  if (own === undefined || floor === undefined) return unjudged(goal, `${TOO_FEW}${whyNot(data, name)}`);
  const noise = noiseFloor(floor);
  const figure = judge(goal, own.value, { interval: [...own.interval], noise });
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
function whyNot({ cases }: IsolationData, name: Case): string {
  const runs = ([name, 'absent', 'absent-again'] as const).flatMap((caseName) => cases.get(caseName) ?? []);
  const all = runs.flatMap(({ direct, trunkline }) => [...direct.values(), ...trunkline.values()]);
  const invalid = all.find((run) => run.invalid !== undefined)?.invalid;
  return invalid === undefined ? '' : `: ${invalid}`;
}

/** The direction in which it moved most; undefined when there are too few valid rounds. */
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
export const movedRounds = (data: IsolationData, name: Case, direction: Direction): number[] =>
  addedRounds(addedP99s(data, direction), name, 'absent');

function droppedFigure({ cases, sessionsLost, notMeasured }: IsolationData): Figure {
  const frames = [...cases.values()].flat().reduce((sum, { trunkline }) => sum + lostIn(trunkline), 0);
  const goal = { id: 'isolation.dropped', unit: 'frames and sessions', below: 0 };
  const reason = `${frames} frames, ${sessionsLost} sessions, in all cases`;
  return judge(goal, frames + sessionsLost, {
    reason: `${reason}${notMeasured.size > 0 ? ' that were measured' : ''}`,
  });
}
