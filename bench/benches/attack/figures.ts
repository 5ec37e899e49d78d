// The figures of the attack: how far it moves the p99 of honest calls, how long it holds up the event loop, and that it ends no honest call.

import { type Figure, judge, judgeMedian, judgeRatio, TOO_FEW, unjudged } from '../../figures/results.ts';
import { runsOf } from '../../figures/rounds.ts';
import { pairsOf } from '../../figures/statistics.ts';
import { DIRECTIONS } from '../../load/audio-load.ts';
import { type AttackData, p99s } from './data.ts';

const SUBJECT = 'trunkline';

export function attackFigures(data: AttackData, seed: number): Figure[] {
  const lags = runsOf(data.runs, SUBJECT).flatMap(({ attack }) => attack.loopLagMs ?? []);
  return [
    ratioFigure(data, seed),
    judgeMedian({ id: 'attack.loop_lag_ms', unit: 'ms', below: 50 }, lags, seed),
    droppedFigure(data),
  ];
}

/** The worse direction: the median p99 beside the attack over that without it, resampled by whole rounds. */
function ratioFigure(data: AttackData, seed: number): Figure {
  const goal = { id: 'attack.p99_ratio', unit: 'ratio', below: 2 };
  const figures = DIRECTIONS.map((direction): Figure => {
    const [attack, quiet] = (['attack', 'quiet'] as const).map((phase) => p99s(data, phase, direction).get(SUBJECT));
    return { ...judgeRatio(goal, pairsOf(attack ?? [], quiet ?? []), seed), reason: direction };
  });
  if (figures.some(({ value }) => value === null)) return unjudged(goal, TOO_FEW);
  return figures.reduce((a, b) => (Number(b.value) > Number(a.value) ? b : a));
}

function droppedFigure({ runs, ended: byName }: AttackData): Figure {
  const frames = runsOf(runs, SUBJECT)
    .flatMap(({ quiet, attack }) => [...quiet.honest.values(), ...attack.honest.values()])
    .reduce((sum, { lost }) => sum + lost, 0);
  const ended = byName.get(SUBJECT) ?? 0;
  const goal = { id: 'attack.dropped', unit: 'frames and sessions', below: 0 };
  return judge(goal, frames + ended, { reason: `${frames} frames, ${ended} sessions, of honest calls` });
}
