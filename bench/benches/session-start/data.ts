// The results of the session-start benchmark: the times of every start, on loopback and over distances.

import type { SessionStart } from './starter.ts';

/** The starts of one contender in one round. */
export type SessionStartVisit = readonly SessionStart[];

export interface StartPlace {
  /** Contender -> rounds. */
  readonly rounds: ReadonlyMap<string, readonly (SessionStartVisit | undefined)[]>;
  /** Contenders that are not here, not asked for, or cannot be measured: name -> reason. */
  readonly absent: ReadonlyMap<string, string>;
}

export interface SessionStartData {
  /** Starts without TLS. */
  readonly loopback: StartPlace;
  /** Starts with TLS on both legs, of `direct`, `trunkline-cold`, `trunkline-warm` and `direct-again`. */
  readonly far: StartPlace;
}
