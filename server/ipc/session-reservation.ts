// The reservation of a session, which a gateway process asks of the supervisor, and what it tells of the session while it is opened.

import type { LimitRefusal, LimitScope } from './limits.ts';
import type { SessionStarted } from './session-event.ts';

/** A session that wants to open. `isOffered`: the id is the client's; `scopes`: those that it counts for. */
export interface Reservation {
  readonly id: string;
  readonly isOffered: boolean;
  readonly key: string | undefined;
  readonly scopes: readonly LimitScope[];
  /** It will not open: somebody asks what it would be told. */
  readonly isTrial?: boolean | undefined;
}

export type ReserveResult = 'granted' | 'duplicate' | LimitRefusal;

/**
 * A session whose provider is being dialled, or whose client gets its 101 now. `reservation`: where it was not asked for before; `started`:
 * where its events are kept.
 */
export interface SessionAnnounced {
  readonly reservation: Reservation | undefined;
  readonly started: SessionStarted | undefined;
}

/** A call whose media does not pass the gateway, and the session that counts it: enough for another process to end it. */
export interface HeldCall {
  readonly session: string;
  /** Name of the account. */
  readonly provider: string;
  /** The path by which it began, as the provider has it. */
  readonly path: string;
  /** The provider's id of it. */
  readonly id: string;
}
