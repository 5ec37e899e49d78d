// The record of a session, while it lives and after: counts and times, no content.

import type { Usage } from '../../adapters/realtime/contract.ts';
import type { Direction } from '../../codecs/frame.ts';
import type { TurnTimes } from '../platform/metrics.ts';
import type { ResidenceSummary } from '../platform/times/residence-histogram.ts';
import type { StoredSession } from './stored-rows.ts';

/** The record of a live or ended session; `reason` and `closeCode` only when it has ended. Times are ISO 8601 and milliseconds. */
export interface SessionRecord
  extends TapSummary,
    Omit<StoredSession, 'model' | 'isRehearsal' | 'owner' | 'startedAt'> {
  readonly state: 'open' | 'closing' | 'closed';
  readonly startedAt: string;
  readonly durationMs: number;
  /** The source of the context of the session that it continues: see `SessionContext.from`. */
  readonly context?: string;
  readonly reason?: string;
  /** The close code on the client's side, given or received. */
  readonly closeCode?: number;
  readonly mayRetry?: boolean;
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
