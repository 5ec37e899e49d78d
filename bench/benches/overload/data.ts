// The results of the overload benchmark: the calls that were admitted before, and a crowd that asks for several times what there is room for.

import { type Percentiles, percentilesMs } from '../../figures/histogram.ts';
import { median } from '../../figures/statistics.ts';
import type { LoadRun } from '../../load/run.ts';
import type { CrowdSeen } from './process.ts';

/** Sessions that are asked for, as a multiple of those that there is room for; 0: nobody asks. */
export const FACTORS = [0, 1, 3, 5] as const;
export type Factor = (typeof FACTORS)[number];

export interface FactorRun {
  readonly calls: readonly LoadRun[];
  readonly seen: CrowdSeen;
  readonly seconds: number;
  /** CPU of all processes of the gateway; undefined without /proc. */
  readonly cores: number | undefined;
}

export interface OverloadData {
  readonly rounds: readonly ReadonlyMap<Factor, FactorRun>[];
  /** Calls that were open no more at the end. */
  readonly ended: number;
}

const runsAt = ({ rounds }: OverloadData, factor: Factor): FactorRun[] =>
  rounds.flatMap((round) => round.get(factor) ?? []);

/** One value for each round whose calls may be believed: the p99 of the worse direction, milliseconds. */
export const callP99s = ({ rounds }: OverloadData, factor: Factor): (number | undefined)[] =>
  rounds.map((round) => {
    const calls = round.get(factor)?.calls ?? [];
    return calls.some(({ invalid }) => invalid !== undefined)
      ? undefined
      : Math.max(...calls.map(({ latencyMs }) => latencyMs.p99));
  });

/** Sessions that opened in a second, a value for each round. */
export const goodput = (data: OverloadData, factor: Factor): number[] =>
  runsAt(data, factor).map(({ seen, seconds }) => seen.admitted / seconds);

export const askedPerSecond = (data: OverloadData, factor: Factor): number =>
  median(runsAt(data, factor).map(({ seen, seconds }) => seen.asked / seconds));

/** Times of refusals in each round. */
export const refusalMs = (data: OverloadData, factor: Factor): Percentiles[] =>
  runsAt(data, factor).flatMap(({ seen }) => (seen.refused > 0 ? percentilesMs(seen.refusals) : []));

export const coresOf = (data: OverloadData, factor: Factor): number =>
  median(runsAt(data, factor).map(({ cores }) => cores));

export const refusals = (data: OverloadData, factor: Factor): number =>
  runsAt(data, factor).reduce((sum, { seen }) => sum + seen.refused, 0);

/** Refusals that were none as they should be. */
export const faults = (data: OverloadData): number =>
  FACTORS.flatMap((factor) => runsAt(data, factor)).reduce((sum, { seen }) => sum + seen.faults, 0);

/** Frames that did not arrive, and calls that ended. */
export const dropped = (data: OverloadData): number =>
  FACTORS.flatMap((factor) => runsAt(data, factor).flatMap(({ calls }) => calls)).reduce(
    (sum, { lost }) => sum + lost,
    data.ended,
  );
