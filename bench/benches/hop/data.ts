// The results of the hop benchmark: what each contender did in each round.

import type { Direction } from '../../../codecs/frame.ts';
import type { Load } from '../../bench.ts';
import type { Percentiles } from '../../figures/histogram.ts';
import type { LoadRun } from '../../load/run.ts';

/** A part of one session's visit: this is open while they run, one after the other. */
export interface HopLoad extends Load {
  readonly direction: Direction;
}

export interface HopVisit {
  /** Runs by `loadName`. */
  readonly runs: ReadonlyMap<string, LoadRun>;
  /** Closed loop, with one session only: round trips of a large append and a delta as large. */
  readonly pingPong: Percentiles | undefined;
  readonly eventLoopDelay: { readonly p50: number; readonly p99: number; readonly max: number } | undefined;
}

/** Sessions -> contender -> rounds. */
export type HopData = ReadonlyMap<number, ReadonlyMap<string, readonly (HopVisit | undefined)[]>>;
