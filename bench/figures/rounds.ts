// Rounds of contenders, and what a contender adds to `direct`: differences within the same round, so that drift cancels out.

import { type Estimate, pairedDifferences } from './statistics.ts';

/** Contender -> its rounds in order; undefined: the run failed, or does not count. */
export type Rounds<Run> = ReadonlyMap<string, readonly (Run | undefined)[]>;

export function mapRounds<From, To>(rounds: Rounds<From>, map: (run: From) => To | undefined): Rounds<To> {
  const mapped = [...rounds].map(([name, runs]) => [name, runs.map((run) => run && map(run))] as const);
  return new Map(mapped);
}

export const validRounds = <Run extends { readonly invalid: string | undefined }>(rounds: Rounds<Run>): Rounds<Run> =>
  mapRounds(rounds, (run) => (run.invalid === undefined ? run : undefined));

/** The rounds of one contender that there are. */
export const runsOf = <Run>(rounds: Rounds<Run>, name: string): Run[] =>
  (rounds.get(name) ?? []).filter((run) => run !== undefined);

/** Differences to `base`, of the rounds that both have. */
export const addedRounds = (values: Rounds<number>, name: string, base = 'direct'): number[] =>
  pairedDifferences(values.get(name) ?? [], values.get(base) ?? []);

/** Farthest from zero that a difference of the same thing to itself may be. NaN for no values. */
export const noiseFloor = ({ value, interval }: Estimate): number => Math.max(...[value, ...interval].map(Math.abs));
