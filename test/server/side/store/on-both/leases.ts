// Suite of leases on budgets: they count as reserved, leave room near the limit, go back when others need them, and outlive their process only
// as money that is counted too much.

import { expect, test } from 'vitest';
import { type BudgetWindow, HOLD_MS, type LeasedCall } from '../../../../../server/side/store/contract/budgets.ts';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { anAttempt, aSettled, NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const budget = (id: string, limitMicroUsd: number): BudgetWindow => ({ id, limitMicroUsd, resetsAt: undefined });
const both = (spentMicroUsd: number, reservedMicroUsd: number) => ({ spentMicroUsd, reservedMicroUsd });
const wide = budget('a', 8000);
const UNTIL = NOON + HOLD_MS;

const take = (store: Store, holder: string, some: { budget?: BudgetWindow; wish?: number; now?: number } = {}) =>
  store.takeLease({
    holder,
    budget: some.budget ?? wide,
    wishMicroUsd: some.wish ?? 500,
    leastMicroUsd: 20,
    now: some.now ?? NOON,
    until: UNTIL,
  });
const look = (store: Store, holder: string, now = NOON) =>
  store.holdLeases({ holder, now, until: now + HOLD_MS, renewBefore: now + HOLD_MS / 2 });
const leased = (id: string, reservedMicroUsd: number, budgets = ['a']): LeasedCall => ({
  row: anAttempt(id, { heldBy: 'one' }),
  budgets,
  reservedMicroUsd,
});

const ended = (id: string, costMicroUsd: number): LeasedCall => ({
  ...leased(id, 50),
  row: aSettled(id, costMicroUsd, { heldBy: 'one' }),
});

export function leases({ open, beside }: Stores): void {
  test('a lease counts as reserved, and what it does not need is given back', async () => {
    const store = await open();
    expect(await take(store, 'one')).toBe(500);
    expect(await store.budgetUse('a')).toEqual(both(0, 500));
    await store.returnLease('one', { a: 200 });
    expect(await store.budgetUse('a')).toEqual(both(0, 300));
  });

  test('no lease takes more than an eighth of what is left, and near the limit there are none', async () => {
    const store = await open();
    expect(await take(store, 'one', { wish: 100_000 })).toBe(1000);
    expect(await take(store, 'two', { wish: 100_000 })).toBe(875);
    expect(await take(store, 'one', { budget: budget('b', 159) })).toBe(0);
    expect(await take(store, 'one', { budget: budget('b', 160) })).toBe(20);
    expect(await store.budgetUse('b')).toEqual(both(0, 20));
  });

  test('calls of a lease are stored pending or settled, once, and budgets hold what both came to', async () => {
    const store = await open();
    await take(store, 'one');
    const calls = [leased('a1', 50), ended('a2', 7), leased('a3', 50)];
    for (let time = 0; time < 2; time++) await store.settle([], { holder: 'one', calls });
    expect(await store.budgetUse('a')).toEqual(both(7, 450));
    const outcomes = async () => (await store.ledger({ limit: 9 })).map(({ id, outcome }) => [id, outcome]);
    expect(await outcomes()).toEqual([
      ['a3', 'pending'],
      ['a2', 'ok'],
      ['a1', 'pending'],
    ]);
    // One that is settled by itself, and one that is tried again with its call.
    const settlement = { row: aSettled('a1', 12), budgets: [wide], reservedMicroUsd: 50 };
    for (let time = 0; time < 2; time++) await store.settle([settlement], { holder: 'one', calls: [ended('a3', 1)] });
    expect((await outcomes()).map(([, outcome]) => outcome)).toEqual(['ok', 'ok', 'ok']);
    await store.returnLease('one', { a: 350 });
    expect(await store.budgetUse('a')).toEqual(both(20, 0));
  });

  test('a call that does not fit for a lease has the holder return what is free, and then fits', async () => {
    const store = await open();
    const other = await beside(store);
    await take(store, 'one');
    const reserve = () => other.reserve([wide], 7900, anAttempt('large'));
    expect(await reserve()).toEqual({
      kind: 'exceeded',
      budget: wide,
      leftMicroUsd: 7500,
      ...both(0, 500),
      isLeased: true,
    });
    expect(await take(other, 'two')).toBe(0);
    expect(await look(store, 'one')).toEqual({ held: ['a'], wanted: ['a'] });
    await store.returnLease('one', { a: 500 });
    expect(await reserve()).toEqual({ kind: 'reserved' });
    expect(await look(store, 'one', NOON + 60_000)).toEqual({ held: ['a'], wanted: [] });
  });

  test('a call that would not fit without leases either is refused, and nobody has to return any', async () => {
    const store = await open();
    await take(store, 'one');
    const refused = await store.reserve([wide], 8001, anAttempt('large'));
    expect(refused).toEqual({ kind: 'exceeded', budget: wide, leftMicroUsd: 7500, ...both(0, 500) });
    expect(await look(store, 'one')).toEqual({ held: ['a'], wanted: [] });
  });

  test('the lease of a process that is silent counts as spent within its time, until it comes back', async () => {
    const store = await open();
    const other = await beside(store);
    await take(store, 'one');
    await look(store, 'one', NOON + 40_000);
    await other.settleLost(UNTIL + 1);
    expect(await store.budgetUse('a')).toEqual(both(0, 500));
    await other.settleLost(NOON + 40_000 + HOLD_MS + 1);
    expect(await store.budgetUse('a')).toEqual(both(500, 0));
    expect(await look(store, 'one')).toEqual({ held: [], wanted: [] });
    // It had made calls meanwhile.
    await store.settle([{ row: aSettled('a1', 7), budgets: [wide], reservedMicroUsd: 50 }], {
      holder: 'one',
      calls: [leased('a1', 50), leased('a2', 50)],
    });
    expect(await store.budgetUse('a')).toEqual(both(407, 50));
    await store.returnLease('one', { a: 400 });
    expect(await store.budgetUse('a')).toEqual(both(7, 50));
    expect(await take(store, 'one')).toBe(500);
    expect(await store.budgetUse('a')).toEqual(both(7, 550));
  });

  test.each([false, true])(
    'calls that a killed process began are lost at their reservation, and the rest is given back (taken for lost: %s)',
    async (isLost) => {
      const store = await open();
      const other = await beside(store);
      await take(store, 'one');
      await store.settle([], { holder: 'one', calls: [leased('stored', 50)] });
      if (isLost) await other.settleLost(UNTIL + 1);
      const gone = { holder: 'one', calls: [leased('stored', 50), leased('began', 60)] };
      for (let time = 0; time < 2; time++) await other.recoverLeases(gone);
      await other.settleLost(NOON);
      expect(await store.budgetUse('a')).toEqual(both(110, 0));
      const rows = await store.ledger({ limit: 9 });
      expect(rows.map(({ id, outcome, costMicroUsd }) => [id, outcome, costMicroUsd])).toEqual([
        ['stored', 'lost', 50],
        ['began', 'lost', 60],
      ]);
    },
  );
}
