// The reservation that a gateway process asks of the supervisor before it opens a session, and the answer.

import type { SessionStarted } from './session-event.ts';

/** Those who share a limit: all who use a key, say. `id`: `key|<id>`, unlike that of any other. */
export interface LimitScope {
  readonly id: string;
  readonly of: 'key';
  /** Sessions that may be open at once. Undefined: they are counted, in case that there is a limit later. */
  readonly maxSessions?: number | undefined;
}

/** A session that wants to open. `isOffered`: the id is the client's; `scopes`: those that it counts for. */
export interface Reservation {
  readonly id: string;
  readonly isOffered: boolean;
  readonly key: string | undefined;
  readonly scopes: readonly LimitScope[];
}

/** Tells whether a session may have to be refused for one of these. */
export const isLimited = (scopes: readonly LimitScope[]): boolean =>
  scopes.some(({ maxSessions }) => maxSessions !== undefined);

/** `full`: the scope whose sessions are as many as may be. */
export type ReserveResult = 'granted' | 'duplicate' | { readonly full: LimitScope };

/**
 * A session whose provider is being dialled, or whose client gets its 101 now. `reservation`: where it was not asked for before; `started`:
 * where its events are kept.
 */
export interface SessionAnnounced {
  readonly reservation: Reservation | undefined;
  readonly started: SessionStarted | undefined;
}
