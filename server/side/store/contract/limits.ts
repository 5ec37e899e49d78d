// The part of the store's contract that is about limits which sessions and calls share: places of sessions that are open, and rates.

import type { HeldPlaces, LimitRefusal, LimitScope, RateName, RateStates } from '../../../ipc/limits.ts';

export interface LimitWish {
  readonly scopes: readonly LimitScope[];
  /** Takes a place in each scope with `maxSessions`; undefined where places are counted elsewhere. */
  readonly place?: { readonly session: string; readonly owner: string } | undefined;
  /** Amounts that count against rates. Where one is 0, there must still be something left. */
  readonly uses: Readonly<Partial<Record<RateName, number>>>;
  readonly now: number;
  /** Takes nothing, and says what would be answered. */
  readonly isTrial?: boolean | undefined;
}

export type LimitsTaken = LimitRefusal | { readonly kind: 'taken'; readonly rates: RateStates };

/** A call or a session that has used more than was taken, or less (negative), at the time `takenAt`. */
export interface RateCorrection {
  readonly scopes: readonly string[];
  readonly rate: RateName;
  readonly amount: number;
  readonly takenAt: number;
  readonly now: number;
}

export interface SharedLimits {
  /** Takes all that is wished, in all scopes, or nothing. A place counts while its instance has a lease. */
  takeLimits(wish: LimitWish): Promise<LimitsTaken>;
  /** Counts what was used beyond a rate, too. */
  correctRate(correction: RateCorrection): Promise<void>;
  /** Gives the places of sessions back, in all scopes. */
  givePlaces(owner: string, sessions: readonly string[]): Promise<void>;
  /** Makes these the places of an instance, those left alone that were taken at `asOf` or later. */
  replacePlaces(owner: string, places: HeldPlaces['places'], asOf: number): Promise<void>;
  /** Forgets scopes that nobody has used since then, and places of instances that were gone then. */
  removeOldLimits(than: number): Promise<void>;
}
