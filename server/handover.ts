// What a gateway process hands over to the side process, as plain data: how sessions begin, their turns, their usage, their ends.

import type { SessionRecord } from './session-record.ts';
import type { DataClass } from './side/records.ts';
import type { Used } from './tap.ts';

export interface SessionStarted {
  readonly kind: 'started';
  readonly id: string;
  readonly key: string | undefined;
  readonly team: string | undefined;
  readonly provider: string;
  readonly route: string;
  readonly dialect: string;
  readonly model: string | undefined;
  readonly promptClass: string;
  readonly dataClass: DataClass;
  readonly isRehearsal: boolean;
  readonly startedAt: number;
}

/** A finished turn, and what the session has used so far. */
export interface TurnFinished extends Used {
  readonly kind: 'turn';
  readonly session: string;
  /** From 1, without gaps. */
  readonly number: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** undefined where texts are not handed over at all (`transcripts: off`). */
  readonly user: string | undefined;
  readonly assistant: string | undefined;
  readonly isInterrupted: boolean;
}

export interface SessionEnded {
  readonly kind: 'ended';
  readonly id: string;
  readonly endedAt: number;
  readonly record: SessionRecord;
}

/** A session of a gateway process that died; it left no record. */
export interface SessionLost {
  readonly kind: 'lost';
  readonly id: string;
  readonly endedAt: number;
}

export type HandedOver = SessionStarted | TurnFinished | SessionEnded | SessionLost;
