// The part of the store's contract that is about budgets: windows, reservations, leases, settlements. Money is micro-USD.

import type { BudgetCounted, Delivery, LedgerRow } from '../../../ipc/stored-rows.ts';

/** Time that a reservation holds unless it is extended: a process that lives extends it three times as often. */
export const HOLD_MS = 60_000;

/** Window of a budget that a call must fit into. `id` is deterministic, see `windowOf`. */
export interface BudgetWindow {
  readonly id: string;
  readonly limitMicroUsd: number;
  /** End of the window; undefined for a budget without one. */
  readonly resetsAt: number | undefined;
  /** Bounds of what it counts, for words. */
  readonly counted?: BudgetCounted | undefined;
}

/** Amounts of one window of a budget. */
export interface BudgetAmounts {
  readonly spentMicroUsd: number;
  /** Reserved for calls under way. */
  readonly reservedMicroUsd: number;
}

/** `budget.warning`: it is nearly spent; `budget.reached`: it is spent. */
export type BudgetEvent = 'budget.warning' | 'budget.reached';

/** News of a window with its present limit. */
export interface BudgetNews {
  readonly window: BudgetWindow;
  readonly event: BudgetEvent;
  /** Messages for webhooks. */
  readonly deliveries: readonly Delivery[];
}

/** `exceeded` names the first budget that could not take the amount. */
export type BudgetReservation =
  | { readonly kind: 'reserved' }
  | (BudgetAmounts & {
      readonly kind: 'exceeded';
      readonly budget: BudgetWindow;
      readonly leftMicroUsd: number;
      /** Leases hold a part of it, and their processes were asked to return what they do not need. */
      readonly isLeased?: true | undefined;
    });

/** Call that reserved from the leases of its process, and is not stored yet. `budgets` are ids. */
export interface LeasedCall {
  /** Pending, or settled already. */
  readonly row: LedgerRow;
  readonly budgets: readonly string[];
  readonly reservedMicroUsd: number;
}

/** Calls of one process; `holder` is the name that it takes leases by. */
export interface LeasedCalls {
  readonly holder: string;
  readonly calls: readonly LeasedCall[];
}

/** Slices of budgets that processes hold, and reserve from without asking the store. What they hold counts as reserved. */
export interface BudgetLeases {
  /** Takes what is wished of a budget, or less; nothing where that is less than `leastMicroUsd`, near the limit, and while others need it. */
  takeLease(wish: {
    readonly holder: string;
    readonly budget: BudgetWindow;
    readonly wishMicroUsd: number;
    readonly leastMicroUsd: number;
    readonly now: number;
    readonly until: number;
  }): Promise<number>;
  /**
   * Extends the leases of a holder that end before `renewBefore`. Returns the budgets that it still holds, and those of them that somebody
   * needs: it returns what it has free of them.
   */
  holdLeases(held: {
    readonly holder: string;
    readonly now: number;
    readonly until: number;
    readonly renewBefore: number;
  }): Promise<{ readonly held: readonly string[]; readonly wanted: readonly string[] }>;
  /** Gives back amounts by the ids of their budgets. */
  returnLease(holder: string, amounts: Readonly<Record<string, number>>): Promise<void>;
  /**
   * Ends the leases of a process that is gone. Its calls, those that were stored included, are lost with the next `settleLost`; what they have
   * not reserved is given back. Calls are those of which `heldBy` is the holder.
   */
  recoverLeases(gone: LeasedCalls): Promise<void>;
}

/** Name that a session holds leases by; the row of one whose id was used before has a number behind it. */
export const holderOf = (session: string): string => `session:${session.replace(/\.\d+$/, '')}`;

/** `short`: nothing was left of this budget. `isLeased`: processes that hold a part of it were asked to return what they do not need. */
export interface SliceAnswer {
  readonly grantedMicroUsd: number;
  readonly short?: BudgetAmounts & { readonly budget: BudgetWindow; readonly isLeased: boolean };
}

/** Slices of budgets that live sessions hold. They count as reserved, and shrink by what is charged for their session. */
export interface SessionSlices {
  /** Takes the same from all budgets: what is wished, or less where less is left. `returnLease` gives some of it back. */
  takeSlice(wish: {
    readonly session: string;
    readonly budgets: readonly BudgetWindow[];
    readonly wishMicroUsd: number;
    readonly now: number;
    readonly until: number;
  }): Promise<SliceAnswer>;
  /** Extends what sessions hold. */
  holdSlices(held: { readonly sessions: readonly string[]; readonly until: number }): Promise<void>;
}

/** Final state of a row, with what it had reserved where. */
export interface Settlement {
  readonly row: LedgerRow;
  readonly budgets: readonly BudgetWindow[];
  readonly reservedMicroUsd: number;
}
