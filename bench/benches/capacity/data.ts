// The results of the three measurements of capacity.

import type { Rounds } from '../../figures/rounds.ts';
import type { LoadRun } from '../../load/run.ts';
import type { Knee, Level } from './knee.ts';

export interface CapacityData {
  /** Levels in the order in which they were measured. */
  readonly levels: readonly { readonly sessions: number; readonly rounds: Level }[];
  readonly knees: ReadonlyMap<string, Knee>;
  /** Runs of each visit at one constant rate in all, by sessions. */
  readonly cost: Rounds<ReadonlyMap<number, LoadRun>>;
  readonly idle: Rounds<IdleMemory>;
  /** Sessions that the limit of open files allows. */
  readonly mostSessions: number;
}

/** KiB. */
interface IdleMemory {
  /** Memory of the process tree without these sessions. */
  readonly before: number;
  readonly perSession: number;
}
