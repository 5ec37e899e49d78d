// The results of the three measurements of capacity, and the plan that they follow.

import type { LoadRun } from '../../load/run.ts';
import type { Knee, Level } from './knee.ts';

/** Contender -> rounds. */
type Rounds<R> = ReadonlyMap<string, readonly (R | undefined)[]>;

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

export interface CapacityPlan {
  readonly knee: {
    readonly levels: readonly number[];
    /** Divisions of the span in which a knee is found. */
    readonly divisions: number;
    readonly rounds: number;
    /** Repetitions of these rounds while they do not all say the same. */
    readonly repeats: number;
    readonly measureMs: number;
  };
  readonly cost: { readonly levels: readonly number[]; rounds: number; measureMs: number };
  /** Memory counts when it has not changed for `quietMs`. */
  readonly idle: { readonly sessions: number; rounds: number; quietMs: number };
}

/** KiB. */
interface IdleMemory {
  /** Memory of the process tree without these sessions. */
  readonly before: number;
  readonly perSession: number;
}
