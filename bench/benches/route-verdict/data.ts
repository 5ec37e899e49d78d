// The results of the route-verdict benchmark: what the direct and the routed path each delivered.

import type { BenchSettings } from '../../bench.ts';
import type { LedgerSum } from '../side-hop/ledger.ts';
export const CLIENT_SECRET = 'bench-client-secret-0001';

export interface VerdictData {
  readonly direct: Direct;
  readonly routed: Routed;
  readonly frames: AddedTimes;
  readonly calls: AddedTimes;
  readonly ledger: readonly LedgerSum[];
}

export const verdictRounds = ({ isShort, rounds }: BenchSettings): number => rounds ?? (isShort ? 2 : 6);

export interface Direct {
  readonly sessions: number;
  readonly eventsSent: number;
  /** Byte for byte, in order, both ways. */
  readonly eventsUnmodified: number;
  /** Handshakes that asked for a model that the key may not use, those of them that were refused, and those that came to the provider. */
  readonly askedOthers: number;
  readonly refusedOthers: number;
  readonly leakedOthers: number;
  /** Handshakes at the provider in which the client's credential was found. */
  readonly credentialsSeen: number;
  /** Milliseconds, medians: from the provider's death to the client knowing, and to the first event of its next session. */
  readonly toldMs: number;
  readonly recoveredMs: number;
  /** Time from the client's `response.cancel` until the provider has it. */
  readonly controlMs: number;
}

/** Milliseconds, medians of rounds. */
export interface AddedTimes {
  readonly p50: number;
  readonly p99: number;
  readonly rounds: number;
}

/** Calls while a target was dead, and after it had come back. */
export interface Recovery {
  /** Time from the target's death to the next right answer; undefined when there was none while it was dead. */
  readonly recoveredMs: number | undefined;
  readonly calls: number;
  readonly failed: number;
  /** Time from its return to the next right answer; undefined when it was never missed, or was not back within seven seconds. */
  readonly backMs: number | undefined;
}

export interface Routed {
  /** Configured LLM gateway -> the models that it lists. */
  readonly listed: Readonly<Record<string, readonly string[]>>;
  /** The models that the key may ask for. */
  readonly offered: readonly string[];
  /** Models that answered one and the same request. */
  readonly answered: readonly string[];
  readonly fallback: Recovery;
  readonly noFallback: Recovery;
  readonly refusals: { readonly asked: number; readonly refused: number; readonly leaked: number };
  readonly regulated: { readonly asked: number; readonly answered: number; readonly cameToRouter: number };
  readonly requestFields: { readonly sent: number; readonly same: number; readonly changed: readonly string[] };
  readonly answerFields: { readonly sent: number; readonly same: number };
  /** Requests that came to the endpoints, without those that a dead one never saw. */
  readonly attemptsSeen: number;
}
