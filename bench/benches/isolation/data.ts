// The results of the isolation benchmark: the audio slices of each case, without and with its side load, and what the side path did.

import type { Direction } from '../../../codecs/websocket/frame.ts';
import { median } from '../../figures/statistics.ts';
import type { LoadRun } from '../../load/run.ts';
import type { Case, SideSeen } from './cases.ts';

export type Directions = ReadonlyMap<Direction, LoadRun>;

/** One slice in each direction, one shortly after the other. */
export interface Block {
  readonly direct: Directions;
  readonly trunkline: Directions;
}

/** One case in one round: without side tasks, and then, more than once, with what the case does. */
export interface CaseRun {
  readonly quiet: Block;
  readonly busy: readonly Block[];
  readonly seen: SideSeen;
}

export interface IsolationData {
  readonly cases: ReadonlyMap<Case, readonly CaseRun[]>;
  /** Case -> why it was not measured. */
  readonly notMeasured: ReadonlyMap<Case, string>;
  /** Sessions that the provider no longer had at the end. */
  readonly sessionsLost: number;
}

export const WHO = ['direct', 'trunkline'] as const;

/** p99s of slices, in milliseconds. */
type P99s = Readonly<Record<keyof Block, readonly number[]>>;

/** The slices beside the side load in one block, and all without one in the same round through the same gateway. */
interface CaseP99s {
  readonly quiet: P99s;
  readonly busy: P99s;
}

/** One value for each busy block of a case. */
export function caseP99s({ cases }: IsolationData, name: Case, direction: Direction): CaseP99s[] {
  const isOnDisk = (other: Case) => other === 'disk-full';
  const sameGateway = [...cases].filter(([other]) => isOnDisk(other) === isOnDisk(name)).map(([, runs]) => runs);
  return (cases.get(name) ?? []).flatMap(({ busy }, round) => {
    const quiet = p99sOf(
      sameGateway.flatMap((runs) => runs[round]?.quiet ?? []),
      direction,
    );
    return busy.map((block) => ({ quiet, busy: p99sOf([block], direction) }));
  });
}

/** Those of the valid slices. */
function p99sOf(blocks: readonly Block[], direction: Direction): P99s {
  const of = (who: keyof Block) =>
    blocks.flatMap((block) => {
      const load = block[who].get(direction);
      return load === undefined || load.invalid !== undefined ? [] : [load.latencyMs.p99];
    });
  return { direct: of('direct'), trunkline: of('trunkline') };
}

/** Busy slices of the contender that has the fewer valid ones. */
export const fewestValid = (blocks: readonly CaseP99s[]): number =>
  Math.min(...WHO.map((who) => blocks.flatMap(({ busy }) => busy[who]).length));

export const p99Median = (blocks: readonly CaseP99s[], phase: keyof CaseP99s, who: keyof Block): number =>
  median(blocks.flatMap((block) => block[phase][who]));

/**
 * Added p99 of the gateway: a difference of medians, since a slice in which the machine was late says nothing about its neighbour.
 */
export const addedP99 = (blocks: readonly CaseP99s[], phase: keyof CaseP99s): number =>
  p99Median(blocks, phase, 'trunkline') - p99Median(blocks, phase, 'direct');

/** Distance by which the side load moves it. */
export const movedP99 = (blocks: readonly CaseP99s[]): number => addedP99(blocks, 'busy') - addedP99(blocks, 'quiet');

/** Frames that the gateway lost. */
export const lostIn = ({ quiet, busy }: CaseRun): number =>
  [quiet, ...busy].flatMap(({ trunkline }) => [...trunkline.values()]).reduce((sum, { lost }) => sum + lost, 0);
