// The results of the isolation benchmark: the audio runs of each case, beside what the side path did meanwhile.

import type { Direction } from '../../../codecs/frame.ts';
import type { LoadRun } from '../../load/run.ts';
import type { Case, SideSeen } from './cases.ts';

export const DIRECTIONS: readonly Direction[] = ['upstream', 'downstream'];

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
