// The part of a Store that the router needs, in memory: budgets and ledger rows. It can be told to fail.

import type { LedgerRow } from '../../server/ipc/stored-rows.ts';
import type { BudgetWindow } from '../../server/side/store/contract/budgets.ts';
import { type Store, StoreError } from '../../server/side/store/contract/store.ts';

export interface MemoryStore extends Pick<Store, 'reserve' | 'settle' | 'extendReservations'> {
  /** Rows in the order of their reservations. */
  readonly rows: ReadonlyMap<string, LedgerRow>;
  /** Amounts reserved and spent, by the id of the budget. */
  readonly budgets: ReadonlyMap<string, { reservedMicroUsd: number; spentMicroUsd: number }>;
  /** Resolves with the rows in order, once none is pending. */
  settled(): Promise<readonly LedgerRow[]>;
  fails: { reserve: boolean; settle: boolean };
}

export function memoryStore(): MemoryStore {
  const rows = new Map<string, LedgerRow>();
  const budgets = new Map<string, { reservedMicroUsd: number; spentMicroUsd: number }>();
  const fails = { reserve: false, settle: false };
  const budgetOf = ({ id }: BudgetWindow) => {
    const budget = budgets.get(id) ?? { reservedMicroUsd: 0, spentMicroUsd: 0 };
    budgets.set(id, budget);
    return budget;
  };
  const store: MemoryStore = {
    rows,
    budgets,
    fails,
    async reserve(windows, amountMicroUsd, pending) {
      await undefined;
      if (fails.reserve) throw new StoreError('store_full', new Error('scripted'));
      for (const window of windows) {
        const { reservedMicroUsd, spentMicroUsd } = budgetOf(window);
        const leftMicroUsd = window.limitMicroUsd - reservedMicroUsd - spentMicroUsd;
        if (amountMicroUsd > leftMicroUsd)
          return { kind: 'exceeded', budget: window, leftMicroUsd, spentMicroUsd, reservedMicroUsd };
      }
      for (const window of windows) budgetOf(window).reservedMicroUsd += amountMicroUsd;
      rows.set(pending.id, pending);
      return { kind: 'reserved' };
    },
    async settle(settlements) {
      await undefined;
      if (fails.settle) throw new StoreError('store_unavailable', new Error('scripted'));
      for (const { row, budgets: windows, reservedMicroUsd } of settlements) {
        if ((rows.get(row.id)?.outcome ?? 'pending') !== 'pending') continue;
        rows.set(row.id, row);
        for (const window of windows) {
          const budget = budgetOf(window);
          budget.reservedMicroUsd -= reservedMicroUsd;
          budget.spentMicroUsd += row.costMicroUsd ?? 0;
        }
      }
    },
    async extendReservations() {},
    async settled() {
      while ([...rows.values()].some(({ outcome }) => outcome === 'pending'))
        await new Promise((resolve) => setTimeout(resolve, 2));
      return [...rows.values()];
    },
  };
  return store;
}
