// The reservation that a gateway process asks of the supervisor before it opens a session, and the answer.

import type { SessionStarted } from './session-event.ts';

/** A session that wants to open. `isOffered`: the id is the client's; `maxSessions`: how many its key may have open at once. */
export interface Reservation {
  readonly id: string;
  readonly isOffered: boolean;
  readonly key: string | undefined;
  readonly maxSessions: number | undefined;
}

export type ReserveResult = 'granted' | 'duplicate' | 'full';

/**
 * A session whose provider is being dialled, or whose client gets its 101 now. `reservation`: where it was not asked for before; `started`:
 * where its events are kept.
 */
export interface SessionAnnounced {
  readonly reservation: Reservation | undefined;
  readonly started: SessionStarted | undefined;
}
