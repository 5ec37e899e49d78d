// The record of a session, while it lives and after: counts, times and moments that tell why a call was bad; no content. And what it leaves to another
// process.

import type { Usage } from '../../adapters/realtime/contract/observation.ts';
import type { JsonObject } from '../../codecs/json/object.ts';
import type { Direction, OutFrame } from '../../codecs/websocket/frame.ts';
import type { ConnectionOrigin, TurnTimes } from '../platform/metrics.ts';
import type { ResidenceSummary } from '../platform/times/residence-histogram.ts';
import type { StoredSession } from './stored-rows.ts';

/** The record of a live or ended session; `reason` and `closeCode` only when it has ended. Times are ISO 8601 and milliseconds. */
export interface SessionRecord
  extends TapSummary,
    Omit<StoredSession, 'model' | 'isRehearsal' | 'owner' | 'startedAt' | 'trace' | 'why'> {
  readonly state: 'open' | 'closing' | 'closed';
  readonly startedAt: string;
  readonly durationMs: number;
  /**
   * The cost so far, where prices are known: with an estimate of what is yet to be reported where a limit of money applies; else of what was reported,
   * once the record has left the gateway process.
   */
  readonly costMicroUsd?: number | undefined;
  /** The source of the context of the session that it continues: see `SessionContext.from`. */
  readonly context?: string;
  /** Messages of the client that were taken, messages that it was sent, and the time until which it may come back (ms since the epoch) where it is away; of a session that survives its client. */
  readonly resume?: { readonly received: number; readonly sent: number; readonly expiresAt?: number | undefined };
  /** The newest fifty sockets of its provider, oldest first; of a session that survives its provider. */
  readonly legs?: readonly LegRecord[] | undefined;
  readonly reason?: string;
  /** The close code on the client's side, given or received. */
  readonly closeCode?: number;
  readonly mayRetry?: boolean;
  /** Moments in their order; lists and the log leave it out. */
  readonly timeline?: readonly Moment[];
}

/** One socket of the provider. Times are ISO 8601. */
export interface LegRecord {
  /** Counts from 1. */
  readonly number: number;
  /** Name of the account. */
  readonly provider: string;
  /** The model that served when it ended, or that serves. */
  readonly model?: string | undefined;
  /** The provider's own id of its session, where it has said one. */
  readonly providerSession?: string | undefined;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** The reason that it ended for (see `closeOutcomes`), or `due`: ahead of the provider's own end. */
  readonly reason?: string;
  /** The usage that was reported on it, where each reply has a report. */
  readonly usage?: Usage;
  /** Set where a part of that is an estimate: it took a reply with it. */
  readonly isEstimated?: true;
}

/** The order to end the session of this key under this id: another machine may have one of another key. `message`: tells its client why. */
export interface SessionOrder {
  readonly id: string;
  readonly key: string | undefined;
  readonly message: string;
}

/** `model` undefined: the one that was asked for. */
export interface ModelUsage {
  readonly model: string | undefined;
  readonly usage: Usage;
}

/** The usage of a session so far. */
export interface SessionUsage {
  /** The one that serves now. */
  readonly model: string | undefined;
  readonly usage: Usage;
  /** The same usage by model; only where several served. */
  readonly usageByModel?: readonly ModelUsage[];
  /** More was reported than can have been used: the bound is counted in its place. */
  readonly isBeyondBound?: true;
}

export interface TapSummary extends SessionUsage {
  readonly frames: Readonly<Record<Direction, number>>;
  readonly bytes: Readonly<Record<Direction, number>>;
  readonly residenceUs: Readonly<Record<Direction, ResidenceSummary>>;
  readonly turns: readonly TurnTimes[];
}

/** Times are ms since the epoch, durations ms. A moment that lasts is at its beginning. */
export type Moment =
  /** The provider was dialled, and answered after `ms`. */
  | { readonly at: number; readonly kind: 'dial'; readonly ms: number; readonly connection: ConnectionOrigin }
  /** A target was dialled in vain, or passed over, before that: see `DialTry`. */
  | {
      readonly at: number;
      readonly kind: 'try';
      readonly ms: number;
      readonly target: string;
      readonly outcome: string;
    }
  /** The client got its 101, `ms` after its request. `context`: the source of what the session is told of an earlier one. */
  | { readonly at: number; readonly kind: 'open'; readonly ms: number; readonly context?: string | undefined }
  /** The client answered a ping of the gateway after `ms`. */
  | { readonly at: number; readonly kind: 'round-trip'; readonly ms: number }
  /** Bytes waited `ms` for that end to take them. */
  | { readonly at: number; readonly kind: 'slow-reader'; readonly end: SessionSide; readonly ms: number }
  /** A reply began, `ms` after the end of the user's speech, or after the request for it. */
  | ({ readonly at: number; readonly kind: 'reply' } & Reply)
  | { readonly at: number; readonly kind: 'usage'; readonly usage: Usage }
  /** The session went on at another socket of its provider, `ms` without one. `why`: what ended the one before (see `closeOutcomes`), or `due`. */
  | { readonly at: number; readonly kind: 'move'; readonly ms: number; readonly why: string }
  /** The client came back to the session, `ms` after it was lost. */
  | { readonly at: number; readonly kind: 'return'; readonly ms: number }
  /** The model asked for a tool; what the provider does not say, or what is not read, is left out. */
  | {
      readonly at: number;
      readonly kind: 'tool';
      readonly name?: string | undefined;
      /** The provider's id of the call. */
      readonly call?: string | undefined;
    }
  /** A message of the client was refused; the session went on unless its close follows. */
  | { readonly at: number; readonly kind: 'refusal'; readonly code: string }
  | ({ readonly at: number; readonly kind: 'close' } & SessionClose);

export type SessionSide = 'client' | 'provider';

export interface Reply {
  readonly ms: number;
  readonly began: 'audio' | 'text';
  readonly since: 'speech' | 'request';
}

export interface SessionClose {
  readonly by: SessionSide | 'gateway' | 'operator';
  /** See `closeOutcomes`. */
  readonly reason: string;
  /** The code on the client's side. */
  readonly code?: number | undefined;
  /** The words of the client's close frame. */
  readonly words?: string | undefined;
}

/** The part of a session that came before, for its record and its bill. */
export interface SessionBefore extends Pick<SessionRecord, 'frames' | 'bytes' | 'turns' | 'durationMs' | 'legs'> {
  readonly usage: SessionUsage;
  readonly timeline: NonNullable<SessionRecord['timeline']>;
  /** Turns that were handed over. */
  readonly turnCount: number;
  /** ISO 8601 */
  readonly startedAt: string;
}

/** The state of a session that is left: plain data. */
export interface MovingState extends SessionPart {
  /** The name of the account, the path and the model that it is served by. */
  readonly provider: string;
  readonly path: string;
  readonly model: string | undefined;
  /** `StoredSession.startedAt` */
  readonly rowStartedAt: number;
}

/** The state that the session itself has. */
export interface SessionPart {
  readonly received: number;
  readonly sent: number;
  /** The newest messages of those that its client was sent. */
  readonly kept: readonly OutFrame[];
  /** See `FollowedSession.saved`. */
  readonly followed: JsonObject;
  readonly before: SessionBefore;
}

/** A session that its gateway process has left, for another one to go on with. */
export interface MovedSession {
  /** The id that its client knows. */
  readonly id: string;
  /** The id of its row. */
  readonly session: string;
  /** Digest of the credential that may come back to it; '' where it had none. */
  readonly owner: string;
  /** See `SessionRecord.resume`. */
  readonly received: number;
  readonly sent: number;
  /** All that the next process needs (`MovingState`), as MessagePack in base64. */
  readonly state: string;
  readonly expiresAt: number;
}

type LeftKey = Pick<MovedSession, 'id' | 'owner'>;

/** The sessions that were left, as a gateway process sees them. */
export interface MovedSessionStore {
  /** Rejects where it is not stored. */
  leave(left: Omit<MovedSession, 'session'>): Promise<void>;
  find(asked: LeftKey): Promise<MovedSession | undefined>;
  /** Set to true for one of several that try. */
  take(asked: LeftKey): Promise<boolean>;
  drop(id: string): Promise<void>;
}
