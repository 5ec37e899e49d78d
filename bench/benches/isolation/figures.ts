// The figures of isolation: how far the added p99 moves in each case, the worse direction; and that nothing is dropped.

import type { Direction } from '../../../codecs/websocket/frame.ts';
import { digits } from '../../figures/format.ts';
import { FEWEST_ROUNDS, type Figure, judge, TOO_FEW, unjudged } from '../../figures/results.ts';
import { noiseFloor } from '../../figures/rounds.ts';
import { bootstrap, type Estimate } from '../../figures/statistics.ts';
import { DIRECTIONS } from '../../load/audio-load.ts';
import { CASES, type Case } from './cases.ts';
import { caseP99s, fewestValid, type IsolationData, lostIn, movedP99 } from './data.ts';

const GOAL_MS = 0.2;
/** Five times the goal: a noise floor above it says nothing about the goal. */
const HIGHEST_FLOOR_MS = 1;

export function isolationFigures(data: IsolationData, seed: number): Figure[] {
  const moved = CASES.filter((name) => name !== 'absent').map((name) => movedFigure(data, name, seed));
  return [...moved, droppedFigure(data)];
}

function movedFigure(data: IsolationData, name: Case, seed: number): Figure {
  const goal = { id: `isolation.p99_moved_ms.${name.replace('-', '_')}`, unit: 'ms', below: GOAL_MS };
  const reason = data.notMeasured.get(name);
  if (reason !== undefined) return unjudged(goal, reason);
  const own = worstMoved(data, name, seed);
  if (own === undefined) return unjudged(goal, `${TOO_FEW}${whyNot(data, name)}`);
  const floor = worstFloor(data, seed);
  const noise = floor ?? Number.NaN;
  const figure = judge(goal, own, { noise });
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

/** Reason why the first invalid slice of a case does not count. */
function whyNot({ cases }: IsolationData, name: Case): string {
  const blocks = (cases.get(name) ?? []).flatMap(({ quiet, busy }) => [quiet, ...busy]);
  const all = blocks.flatMap(({ direct, trunkline }) => [...direct.values(), ...trunkline.values()]);
  const invalid = all.find((run) => run.invalid !== undefined)?.invalid;
  return invalid === undefined ? '' : `: ${invalid}`;
}

/** Distance by which it moves when nothing happens, in the direction that is noisier; undefined when there are too few valid rounds. */
function worstFloor(data: IsolationData, seed: number): number | undefined {
  const floors = movedBoth(data, 'absent', seed)?.map(noiseFloor);
  return floors && Math.max(...floors);
}

/** The direction in which it moved most; undefined when there are too few valid rounds. */
const worstMoved = (data: IsolationData, name: Case, seed: number) =>
  movedBoth(data, name, seed)?.reduce((a, b) => (b.value > a.value ? b : a));

function movedBoth(
  data: IsolationData,
  name: Case,
  seed: number,
): (Estimate & { readonly direction: Direction })[] | undefined {
  const all = DIRECTIONS.map((direction) => ({ direction, blocks: caseP99s(data, name, direction) }));
  if (all.some(({ blocks }) => fewestValid(blocks) < FEWEST_ROUNDS)) return undefined;
  return all.map(({ direction, blocks }) => ({ direction, ...bootstrap(blocks, movedP99, seed) }));
}

function droppedFigure({ cases, sessionsLost, notMeasured }: IsolationData): Figure {
  const frames = [...cases.values()].flat().reduce((sum, run) => sum + lostIn(run), 0);
  const goal = { id: 'isolation.dropped', unit: 'frames and sessions', below: 0 };
  const reason = `${frames} frames, ${sessionsLost} sessions, in all cases`;
  return judge(goal, frames + sessionsLost, {
    reason: `${reason}${notMeasured.size > 0 ? ' that were measured' : ''}`,
  });
}
