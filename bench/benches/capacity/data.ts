// The results of the three measurements of capacity, and the plan that they follow.

import type { LoadRun } from '../../load/run.ts';
import type { Knee, Level } from './knee.ts';

/** Contender -> rounds. */
type Rounds<R> = ReadonlyMap<string, readonly (R | undefined)[]>;

export interface CapacityData {
  /** In the order in which they were measured. */
  readonly levels: readonly { readonly sessions: number; readonly rounds: Level }[];
  readonly knees: ReadonlyMap<string, Knee>;
  /** Of each visit: sessions -> the run at one constant rate in all. */
  readonly cost: Rounds<ReadonlyMap<number, LoadRun>>;
  readonly idle: Rounds<IdleMemory>;
  /** Sessions that the limit of open files allows. */
  readonly mostSessions: number;
}

export interface CapacityPlan {
  readonly knee: {
    readonly levels: readonly number[];
    /** Of the span in which a knee is found. */
    readonly divisions: number;
    readonly rounds: number;
    /** So often as many again, while they do not all say the same. */
    readonly repeats: number;
    readonly measureMs: number;
  };
  readonly cost: { readonly levels: readonly number[]; rounds: number; measureMs: number };
  /** Memory counts when it has not changed for `quietMs`. */
  readonly idle: { readonly sessions: number; rounds: number; quietMs: number };
}

/** KiB. */
interface IdleMemory {
  /** Of the process tree, without these sessions. */
  readonly before: number;
  readonly perSession: number;
}
