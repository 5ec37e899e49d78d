// The reservation that a gateway process asks of the supervisor before it opens a session, and the answer.

/** A session that wants to open. `isOffered`: the id is the client's; `maxSessions`: how many its key may have open at once. */
export interface Reservation {
  readonly id: string;
  readonly isOffered: boolean;
  readonly key: string | undefined;
  readonly maxSessions: number | undefined;
}

export type ReserveResult = 'granted' | 'duplicate' | 'full';
