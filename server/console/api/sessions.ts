// Sessions as the gateway lists and shows them: `GET /sessions`, `/sessions/<id>`, `/sessions/<id>/timeline`. What is missing is unknown.

import type { ResidenceTimes } from './gateway.ts';
import type { ChargedCall, SideTask } from './session-record.ts';

/** A session in a list; times in ISO 8601. */
export interface ListedSession {
  readonly id: string;
  readonly state: 'open' | 'closing' | 'closed';
  readonly key?: string;
  readonly team?: string;
  readonly endUser?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly provider: string;
  readonly dialect: string;
  readonly model?: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly durationMs?: number;
  readonly reason?: string;
  readonly closeCode?: number;
  readonly isRehearsal?: boolean;
  readonly costMicroUsd?: number | undefined;
}

type Directions<T> = { readonly upstream: T; readonly downstream: T };

/** A live session with what was measured of it so far. */
export interface MeasuredSession extends ListedSession {
  readonly durationMs: number;
  readonly bytes: Directions<number>;
  readonly frames: Directions<number>;
  readonly residenceUs: Directions<ResidenceTimes>;
  /** Latencies of turns, such as `speechToAudioMs`. */
  readonly turns: readonly Readonly<Record<string, number>>[];
}

export interface SessionList {
  readonly sessions: readonly ListedSession[];
  /** The id after which older ones come; null on the last page. */
  readonly next?: string | null;
}

interface StoredTurn {
  readonly number: number;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly user?: string;
  readonly assistant?: string;
  readonly isInterrupted: boolean;
}

/** Words of the app about a row of the ledger. */
interface GivenFeedback {
  readonly row: string;
  readonly at: string;
  /** 0 to 1. */
  readonly score: number;
  readonly label?: string;
  readonly comment?: string;
}

/** A session with all that is kept of it. What follows `trace` is missing while the side process is down. */
export interface WholeSession extends ListedSession {
  /** The id of its trace, where one is exported. */
  readonly trace?: string;
  readonly turns?: readonly StoredTurn[];
  readonly tasks?: readonly SideTask[];
  readonly ledger?: readonly ChargedCall[];
  readonly feedback?: readonly GivenFeedback[];
}

/** A thing that happened at a time. Which fields there are depends on `kind`. */
export interface TimelineItem {
  readonly at: string;
  readonly kind: EntryKind;
  readonly ms?: number;
  readonly connection?: string;
  readonly context?: string;
  readonly end?: 'client' | 'provider';
  readonly began?: string;
  readonly since?: string;
  readonly usage?: Readonly<Record<string, unknown>>;
  readonly code?: string | number;
  readonly by?: string;
  readonly reason?: string;
  readonly words?: string;
  readonly why?: string;
  readonly target?: string;
  readonly outcome?: string;
  readonly name?: string;
  readonly number?: number;
  readonly endedAt?: string;
  readonly isInterrupted?: boolean;
  readonly isUnanswered?: boolean;
  readonly task?: string;
  readonly state?: string;
  readonly error?: string;
}

export type EntryKind = (typeof entryKinds)[number];
export const entryKinds = [
  ...(['try', 'dial', 'open', 'turn', 'reply', 'round-trip', 'slow-reader', 'move', 'return'] as const),
  ...(['tool', 'usage', 'refusal', 'close', 'task'] as const),
];

export interface Timeline {
  readonly state: 'open' | 'closed';
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly residenceUs?: Directions<ResidenceTimes>;
  readonly verdicts: readonly string[];
  readonly entries: readonly TimelineItem[];
}
