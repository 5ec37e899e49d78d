// The results of the hop benchmark: what each contender did in each slice.

import type { Direction } from '../../../codecs/websocket/frame.ts';
import type { EventLoopDelay } from '../../bench.ts';
import type { Percentiles } from '../../figures/histogram.ts';
import type { Rounds } from '../../figures/rounds.ts';
import type { Load } from '../../load/load.ts';
import type { LoadRun } from '../../load/run.ts';

export interface HopLoad extends Load {
  readonly direction: Direction;
}

/** Measurements while that many sessions were open in every contender. */
export interface HopPart {
  /** Slices by the name of the load (`up-2600-40ms`), one a round. */
  readonly loads: ReadonlyMap<string, Rounds<LoadRun>>;
  /** Closed loop, with one session only: round trips of a large append and a delta as large. */
  readonly roundTrips: Rounds<Percentiles>;
  /** Milliseconds, by contender, over all of its slices; of those that can tell. */
  readonly eventLoopDelays: ReadonlyMap<string, EventLoopDelay>;
}

/** By number of sessions. */
export type HopData = ReadonlyMap<number, HopPart>;

export const loadRuns = (data: HopData, sessions: number, load: string): Rounds<LoadRun> =>
  data.get(sessions)?.loads.get(load) ?? new Map<string, LoadRun[]>();

/** Names of the loads that were run with that many sessions. */
export const loadsOf = (data: HopData, sessions: number): string[] => [...(data.get(sessions)?.loads.keys() ?? [])];
