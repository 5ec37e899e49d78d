// The results of the attack benchmark: the honest calls of each round without and with the attack.

import type { Direction } from '../../../codecs/websocket/frame.ts';
import { mapRounds, type Rounds } from '../../figures/rounds.ts';
import type { LoadRun } from '../../load/run.ts';
import type { AttackSeen } from './process.ts';

export const PHASES = ['quiet', 'attack'] as const;
export type Phase = (typeof PHASES)[number];

/** The honest calls of one phase, and what the machine did meanwhile. */
export interface PhaseRun {
  readonly honest: ReadonlyMap<Direction, LoadRun>;
  /** Longest delay of the gateway's event loop, milliseconds. */
  readonly loopLagMs: number | undefined;
  /** Parts of one core. */
  readonly gatewayCores: number | undefined;
  readonly attackerCores: number | undefined;
}

/** One round: both phases, and what the attackers saw in so many seconds. */
export interface AttackRun extends Readonly<Record<Phase, PhaseRun>> {
  readonly seconds: number;
  readonly seen: AttackSeen;
}

export interface AttackData {
  readonly runs: Rounds<AttackRun>;
  /** By contender: honest sessions that were open no more at the end. */
  readonly ended: ReadonlyMap<string, number>;
}

/** Milliseconds; of the rounds whose run is valid. */
export const p99s = ({ runs }: AttackData, phase: Phase, direction: Direction): Rounds<number> =>
  mapRounds(runs, (run) => {
    const honest = run[phase].honest.get(direction);
    return honest?.invalid === undefined ? honest?.latencyMs.p99 : undefined;
  });
