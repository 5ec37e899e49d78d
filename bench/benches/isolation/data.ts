// The results of the isolation benchmark: the audio slices of each case, without and with its side load, and what the side path did.

import type { Direction } from '../../../codecs/frame.ts';
import { median } from '../../figures/statistics.ts';
import type { LoadRun } from '../../load/run.ts';
import type { Case, SideSeen } from './cases.ts';

export type Directions = ReadonlyMap<Direction, LoadRun>;

/** One slice in each direction, one shortly after the other. */
export interface Block {
  readonly direct: Directions;
  readonly trunkline: Directions;
}

/** One case in one round: without side tasks, and then with what the case does. */
export interface CaseRun {
  readonly quiet: Block;
  readonly busy: Block;
  readonly seen: SideSeen;
}

export interface IsolationData {
  readonly cases: ReadonlyMap<Case, readonly CaseRun[]>;
  /** Case -> why it was not measured. */
  readonly notMeasured: ReadonlyMap<Case, string>;
  /** Sessions that the provider no longer had at the end. */
  readonly sessionsLost: number;
}

export const PHASES = ['quiet', 'busy'] as const;
export const WHO = ['direct', 'trunkline'] as const;

/** The p99s of a round, in milliseconds, by phase and contender; undefined where the slice is invalid. */
type RoundP99s = Readonly<Record<(typeof PHASES)[number], Readonly<Record<(typeof WHO)[number], number | undefined>>>>;

export const roundP99s = ({ cases }: IsolationData, name: Case, direction: Direction): RoundP99s[] =>
  (cases.get(name) ?? []).map(({ quiet, busy }) => ({
    quiet: p99sOf(quiet, direction),
    busy: p99sOf(busy, direction),
  }));

function p99sOf(block: Block, direction: Direction): RoundP99s['quiet'] {
  const [direct, trunkline] = WHO.map((who) => block[who].get(direction)).map((load) =>
    load?.invalid === undefined ? load?.latencyMs.p99 : undefined,
  );
  return { direct, trunkline };
}

/** Valid slices of the kind that has the fewest. */
export const fewestValid = (rounds: readonly RoundP99s[]): number =>
  Math.min(
    ...PHASES.flatMap((phase) => WHO.map((who) => rounds.filter((round) => round[phase][who] !== undefined).length)),
  );

export const p99Median = (rounds: readonly RoundP99s[], phase: keyof RoundP99s, who: keyof Block): number =>
  median(rounds.map((round) => round[phase][who]));

/**
 * Added p99 of the gateway: a difference of medians, since a slice in which the machine was late says nothing about its neighbour.
 */
export const addedP99 = (rounds: readonly RoundP99s[], phase: keyof RoundP99s): number =>
  p99Median(rounds, phase, 'trunkline') - p99Median(rounds, phase, 'direct');

/** Distance by which the side load moves it. */
export const movedP99 = (rounds: readonly RoundP99s[]): number => addedP99(rounds, 'busy') - addedP99(rounds, 'quiet');

/** Frames that the gateway lost. */
export const lostIn = ({ quiet, busy }: CaseRun): number =>
  [...quiet.trunkline.values(), ...busy.trunkline.values()].reduce((sum, { lost }) => sum + lost, 0);
