// The results of the session-start benchmark: the times of every start, on loopback and over distances.

import { mapRounds, type Rounds } from '../../figures/rounds.ts';
import { type pairedRatios, quantile } from '../../figures/statistics.ts';
import type { SessionStart } from './process.ts';

/** Contenders on loopback that start with a key, and with a client secret that is made for each start. */
export const WITH_KEY = 'trunkline-key';
export const WITH_SECRET = 'trunkline-secret';

export interface StartRun {
  readonly starts: readonly SessionStart[];
  /** CPU of all processes of the contender for a start and its end, microseconds; undefined where it has none, or no /proc. */
  readonly cpuUsPerStart: number | undefined;
}

export interface StartPlace {
  /** One visit a round. */
  readonly rounds: Rounds<StartRun>;
  /** Contenders that are not here, not asked for, or cannot be measured: name -> reason. */
  readonly absent: ReadonlyMap<string, string>;
}

export interface SessionStartData {
  /** Starts without TLS. */
  readonly loopback: StartPlace;
  /** Starts with TLS on both legs, of `direct`, `trunkline-cold`, `trunkline-warm` and `direct-again`. */
  readonly far: StartPlace;
}

/** Milliseconds: a quantile of each round. */
export const startTimes = (
  { rounds }: StartPlace,
  step: Exclude<keyof SessionStart, 'mint'> = 'total',
  at = 0.5,
): Rounds<number> =>
  mapRounds(rounds, ({ starts }) =>
    quantile(
      starts.map((start) => start[step]),
      at,
    ),
  );

/** Milliseconds of making the secrets: the median of each round. */
export const mintTimes = ({ rounds }: StartPlace): Rounds<number> =>
  mapRounds(rounds, ({ starts }) => {
    const times = starts.flatMap(({ mint }) => mint ?? []);
    return times.length === 0 ? undefined : quantile(times, 0.5);
  });

/** Microseconds for each start and its end. */
export const startCosts = ({ rounds }: StartPlace): Rounds<number> =>
  mapRounds(rounds, ({ cpuUsPerStart }) => cpuUsPerStart);

/** A contender beside `direct` in the same rounds. `compare`: `pairedDifferences` or `pairedRatios`. */
export function besideDirect(place: StartPlace, name: string, compare: typeof pairedRatios): number[] {
  const times = startTimes(place);
  return compare(times.get(name) ?? [], times.get('direct') ?? []);
}
