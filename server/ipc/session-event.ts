// The events of sessions that a gateway process hands over to the side process, as plain data: starts, turns with usage, ends.

import type { SessionRecord, SessionUsage } from './session-record.ts';
import type { StoredSession, StoredTurn } from './stored-rows.ts';

/** A session that begins. Its owner is filled in by the side process. */
export interface SessionStarted extends Omit<StoredSession, 'owner'> {
  readonly kind: 'started';
}

/** A finished turn, and what the session has used so far; texts are undefined where none is handed over (`transcripts: off`). */
export interface TurnFinished extends StoredTurn, SessionUsage {
  readonly kind: 'turn';
}

export interface SessionEnded {
  readonly kind: 'ended';
  readonly id: string;
  readonly endedAt: number;
  readonly record: SessionRecord;
}

/** A session of a gateway process that died; it left no record. */
interface SessionLost {
  readonly kind: 'lost';
  readonly id: string;
  readonly endedAt: number;
}

export type SessionEvent = SessionStarted | TurnFinished | SessionEnded | SessionLost;
