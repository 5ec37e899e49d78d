// The results of the isolation benchmark: the audio runs of each case, beside what the side path did meanwhile.

import type { Direction } from '../../../codecs/frame.ts';
import { mapRounds, type Rounds } from '../../figures/rounds.ts';
import type { LoadRun } from '../../load/run.ts';
import type { Case, SideSeen } from './cases.ts';

export type Directions = ReadonlyMap<Direction, LoadRun>;

/** One case in one round. */
export interface CaseRun {
  readonly direct: Directions;
  readonly trunkline: Directions;
  readonly seen: SideSeen;
}

export interface IsolationData {
  readonly cases: ReadonlyMap<Case, readonly CaseRun[]>;
  /** Case -> why it was not measured. */
  readonly notMeasured: ReadonlyMap<Case, string>;
  /** Sessions that the provider no longer had at the end. */
  readonly sessionsLost: number;
}

/** The p99 of a run; undefined when it is invalid. */
export function p99Of(run: CaseRun, who: 'direct' | 'trunkline', direction: Direction): number | undefined {
  const load = run[who].get(direction);
  return load?.invalid === undefined ? load?.latencyMs.p99 : undefined;
}

/** The p99 of trunkline less that of direct beside the same side load, by case. */
export const addedP99s = ({ cases }: IsolationData, direction: Direction): Rounds<number> =>
  mapRounds(cases, (run) => {
    const [own, base] = [p99Of(run, 'trunkline', direction), p99Of(run, 'direct', direction)];
    return own === undefined || base === undefined ? undefined : own - base;
  });

export const lostIn = (runs: Directions): number => [...runs.values()].reduce((sum, { lost }) => sum + lost, 0);
