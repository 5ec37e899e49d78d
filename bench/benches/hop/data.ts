// The results of the hop benchmark: what each contender did in each round.

import type { Direction } from '../../../codecs/frame.ts';
import type { Percentiles } from '../../figures/histogram.ts';
import { mapRounds, type Rounds } from '../../figures/rounds.ts';
import type { Load } from '../../load/load.ts';
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

export type HopData = ReadonlyMap<number, Rounds<HopVisit>>;

export const loadRuns = (data: HopData, sessions: number, load: string): Rounds<LoadRun> =>
  mapRounds(data.get(sessions) ?? new Map<string, HopVisit[]>(), ({ runs }) => runs.get(load));

/** Names of the loads that were run with that many sessions. */
export function loadsOf(data: HopData, sessions: number): string[] {
  const visits = [...(data.get(sessions)?.values() ?? [])].flat();
  return [...new Set(visits.flatMap((visit) => [...(visit?.runs.keys() ?? [])]))];
}
