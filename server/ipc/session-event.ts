// The events of sessions that a gateway process hands over to the side process, as plain data: starts, turns with usage, ids, ends.

import type { SessionRecord, SessionUsage } from './session-record.ts';
import type { HandedOutId } from './stored-keys.ts';
import type { Draining, StoredSession, StoredTurn } from './stored-rows.ts';

/** A session that begins. Its owner is filled in by the side process. */
export interface SessionStarted extends Omit<StoredSession, 'owner'> {
  readonly kind: 'started';
  /** Its key lets no text be kept. */
  readonly isTextless?: true;
}

/** A finished turn, and what the session has used so far; texts are undefined where none is handed over (`transcripts: off`). */
export interface TurnFinished extends StoredTurn, SessionUsage {
  readonly kind: 'turn';
  /** See `SessionEnded`. */
  readonly countedIn?: readonly string[] | undefined;
}

export interface SessionEnded {
  readonly kind: 'ended';
  readonly id: string;
  readonly endedAt: number;
  readonly record: SessionRecord;
  /** Ids of the scopes whose rate counts its tokens, where there are any. */
  readonly countedIn?: readonly string[] | undefined;
}

/** A session whose gateway drains: it is ended between two turns once half of the time is over, and by its end in any case (ms since the epoch). */
export interface SessionDraining extends Draining {
  readonly kind: 'draining';
  readonly id: string;
}

/** A session of a gateway process that died; it left no record. */
interface SessionLost {
  readonly kind: 'lost';
  readonly id: string;
  readonly endedAt: number;
}

/** Ids that the provider of a session handed out to its key. */
interface IdsHandedOut {
  readonly kind: 'handed-out';
  readonly key: string;
  readonly ids: readonly HandedOutId[];
}

export type SessionEvent = SessionStarted | TurnFinished | SessionEnded | SessionDraining | SessionLost | IdsHandedOut;
