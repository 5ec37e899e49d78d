// The results of the measurements of capacity.

import type { Rounds } from '../../figures/rounds.ts';
import type { LoadRun } from '../../load/run.ts';
import type { Knee, Level } from './knee.ts';

export interface CapacityData {
  /** Levels in the order in which they were measured. */
  readonly levels: readonly { readonly sessions: number; readonly rounds: Level }[];
  readonly knees: ReadonlyMap<string, Knee>;
  /** Slices of the audio of calls, by the period of a frame. */
  readonly audio: readonly AudioSlices[];
  /** Slices at one constant rate in all, by sessions. */
  readonly cost: ReadonlyMap<number, Rounds<LoadRun>>;
  readonly idle: Rounds<IdleMemory>;
  /** Sessions that the limit of open files allows. */
  readonly mostSessions: number;
}

export interface AudioSlices {
  readonly frameMs: number;
  readonly upstream: Rounds<LoadRun>;
  readonly downstream: Rounds<LoadRun>;
}

/** KiB. */
interface IdleMemory {
  /** Memory of the process tree without these sessions. */
  readonly before: number;
  readonly perSession: number;
}
