// Suite of budgets: no more is granted than fits, also at the same time, and each reservation is settled once.

import { expect, test } from 'vitest';
import { type BudgetEvent, type BudgetWindow, HOLD_MS } from '../../../../../server/side/store/contract/budgets.ts';
import { ARMED, aDelivery, anAttempt, aSettled, NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const budget = (id: string, limitMicroUsd: number): BudgetWindow => ({ id, limitMicroUsd, resetsAt: NOON + 1000 });
const both = (spentMicroUsd: number, reservedMicroUsd: number) => ({ spentMicroUsd, reservedMicroUsd });

export function budgets({ open, beside }: Stores): void {
  test('grants exactly 50 of 200 reservations at once in a budget that allows 50', async () => {
    const store = await open();
    const other = await beside(store);
    const windows = [budget('demo|*|day|0', 500), budget('*|*|total|0', 1_000_000)];
    const reservations = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        (index % 2 ? store : other).reserve(index % 3 ? windows : windows.toReversed(), 10, anAttempt(`a${index}`)),
      ),
    );
    const granted = reservations.filter(({ kind }) => kind === 'reserved');
    expect(granted).toHaveLength(50);
    expect(await store.budgetUse('demo|*|day|0')).toEqual(both(0, 500));
    expect(await store.budgetUse('*|*|total|0')).toEqual(both(0, 500));
    expect(await store.ledger({ limit: 1000 })).toHaveLength(50);
  });

  test('reserves the amount in all budgets or in none', async () => {
    const store = await open();
    const [wide, narrow] = [budget('a', 100), budget('b', 15)];
    expect(await store.reserve([wide, narrow], 10, anAttempt('a1'))).toEqual({ kind: 'reserved' });
    const refused = await store.reserve([narrow, wide], 10, anAttempt('a2'));
    expect(refused).toEqual({ kind: 'exceeded', budget: narrow, leftMicroUsd: 5, ...both(0, 10) });
    expect(await store.budgetUse('a')).toEqual(both(0, 10));
    expect(await store.budgetUse('b')).toEqual(both(0, 10));
    expect(await store.ledger({ limit: 9 })).toHaveLength(1);
  });

  test('lists windows by the beginning of their ids, those that most was spent in first', async () => {
    const store = await open();
    for (const [id, spent] of [
      ['["team","a"]', 1],
      ['["team","b"]', 3],
      ['["key","c"]', 9],
      ['["team","d"]', 2],
    ] as const) {
      await store.reserve([budget(id, 100)], spent, anAttempt(id));
      await store.settle([{ row: aSettled(id, spent), budgets: [budget(id, 100)], reservedMicroUsd: spent }]);
    }
    expect(await store.budgetWindows('["team",', 2)).toEqual([
      { id: '["team","b"]', ...both(3, 0) },
      { id: '["team","d"]', ...both(2, 0) },
    ]);
    expect(await store.budgetWindows('["endUser",', 9)).toEqual([]);
  });

  test('refuses an amount larger than the whole budget, and counts part of a micro-USD as one', async () => {
    const store = await open();
    const refused = await store.reserve([budget('a', 9)], 10, anAttempt('a1'));
    expect(refused).toMatchObject({ kind: 'exceeded', leftMicroUsd: 9 });
    await store.reserve([budget('a', 9)], 0.2, anAttempt('a2'));
    expect(await store.budgetUse('a')).toEqual(both(0, 1));
  });

  test('keeps each window of a budget apart', async () => {
    const store = await open();
    await store.reserve([budget('demo|*|day|1', 10)], 10, anAttempt('a1'));
    expect(await store.reserve([budget('demo|*|day|2', 10)], 10, anAttempt('a2'))).toEqual({ kind: 'reserved' });
    expect(await store.budgetUse('demo|*|day|1')).toEqual(both(0, 10));
    expect(await store.budgetUse('demo|*|day|3')).toEqual(both(0, 0));
  });

  test('settling replaces the reservation by the cost, once', async () => {
    const store = await open();
    const windows = [budget('a', 100), budget('b', 100)];
    await store.reserve(windows, 50, anAttempt('a1'));
    await store.settle([{ row: aSettled('a1', 12), budgets: windows, reservedMicroUsd: 50 }]);
    await store.settle([{ row: aSettled('a1', 12), budgets: windows, reservedMicroUsd: 50 }]);
    await store.settle([{ row: aSettled('a1', 99), budgets: windows, reservedMicroUsd: 50 }]);
    expect(await store.budgetUse('a')).toEqual(both(12, 0));
    expect(await store.budgetUse('b')).toEqual(both(12, 0));
    expect(await store.ledger({ limit: 9 })).toEqual([aSettled('a1', 12)]);
  });

  test('settles several rows together, each once and in its own budgets', async () => {
    const store = await open();
    const [shared, own] = [budget('a', 1000), budget('b', 1000)];
    await store.reserve([shared], 50, anAttempt('a1'));
    await store.reserve([own, shared], 50, anAttempt('a2'));
    const settlements = [
      { row: aSettled('a2', 7), budgets: [own, shared], reservedMicroUsd: 50 },
      { row: aSettled('a1', 12), budgets: [shared], reservedMicroUsd: 50 },
      { row: aSettled('a1', 12), budgets: [shared], reservedMicroUsd: 50 },
      { row: aSettled('a3', 1), budgets: [own], reservedMicroUsd: 0 },
    ];
    await store.settle(settlements);
    await store.settle(settlements);
    expect(await store.budgetUse('a')).toEqual(both(19, 0));
    expect(await store.budgetUse('b')).toEqual(both(8, 0));
    expect(await store.ledger({ limit: 9 })).toEqual([aSettled('a3', 1), aSettled('a2', 7), aSettled('a1', 12)]);
  });

  test('settles a row once when two settle it at the same time', async () => {
    const store = await open();
    const windows = [budget('a', 1000)];
    const ids = Array.from({ length: 30 }, (_, index) => `a${index}`);
    for (const id of ids) await store.reserve(windows, 10, anAttempt(id));
    await Promise.all(
      [...ids, ...ids].map((id) => store.settle([{ row: aSettled(id, 7), budgets: windows, reservedMicroUsd: 10 }])),
    );
    expect(await store.budgetUse('a')).toEqual(both(210, 0));
  });

  test('charges an unknown cost to no budget, and keeps it unknown', async () => {
    const store = await open();
    await store.reserve([budget('a', 100)], 50, anAttempt('a1'));
    await store.settle([{ row: aSettled('a1', undefined), budgets: [budget('a', 100)], reservedMicroUsd: 50 }]);
    expect(await store.budgetUse('a')).toEqual(both(0, 0));
    expect(await store.ledger({ limit: 9 })).toMatchObject([{ costMicroUsd: undefined, costSource: 'unknown' }]);
  });

  test('adds a row that reserved nothing when it is settled, once', async () => {
    const store = await open();
    await store.settle([{ row: aSettled('a1', 12), budgets: [budget('a', 5)], reservedMicroUsd: 0 }]);
    await store.settle([{ row: aSettled('a1', 12), budgets: [budget('a', 5)], reservedMicroUsd: 0 }]);
    expect(await store.budgetUse('a')).toEqual(both(12, 0));
    expect(await store.ledger({ limit: 9 })).toEqual([aSettled('a1', 12)]);
  });

  test('reserves nothing more when the same reservation is asked for again', async () => {
    const store = await open();
    for (let time = 0; time < 3; time++)
      expect(await store.reserve([budget('a', 10)], 10, anAttempt('a1'))).toEqual({ kind: 'reserved' });
    expect(await store.budgetUse('a')).toEqual(both(0, 10));
  });

  test('charges attempts whose process is gone at their reservation, and flags them', async () => {
    const store = await open();
    for (let index = 0; index < 450; index++)
      await store.reserve([budget('a', 10_000)], 2, anAttempt(`lost${index}`, { at: NOON - 1 }));
    await store.reserve([], 0, anAttempt('free', { at: NOON - 1 }));
    await store.reserve([budget('a', 10_000)], 2, anAttempt('young'));
    expect(await store.settleLost(NOON + HOLD_MS)).toBe(451);
    expect(await store.settleLost(NOON + HOLD_MS)).toBe(0);
    expect(await store.budgetUse('a')).toEqual(both(900, 2));
    const rows = new Map((await store.ledger({ limit: 1000 })).map((row) => [row.id, row]));
    const charged = { outcome: 'lost', isFlagged: true, costMicroUsd: 2, costSource: 'estimated' };
    expect(rows.get('lost449')).toMatchObject(charged);
    expect(rows.get('free')).toMatchObject({ outcome: 'lost', costMicroUsd: undefined, costSource: 'unknown' });
    expect(rows.get('young')).toMatchObject({ outcome: 'pending', isFlagged: false });
  });

  test('a call whose process was only away is settled at its real cost, once, though it was taken for lost', async () => {
    const store = await open();
    const other = await beside(store);
    const windows = [budget('a', 1000), budget('b', 1000)];
    for (const id of ['a1', 'a2', 'a3']) await store.reserve(windows, 50, anAttempt(id));
    expect(await other.settleLost(NOON + HOLD_MS + 1)).toBe(3);
    expect(await store.budgetUse('a')).toEqual(both(150, 0));
    const settlements = [
      { row: aSettled('a1', 12), budgets: windows, reservedMicroUsd: 50 },
      { row: aSettled('a2', undefined), budgets: windows, reservedMicroUsd: 50 },
    ];
    await Promise.all([store.settle(settlements), other.settle(settlements.toReversed())]);
    await store.settle(settlements);
    expect(await store.budgetUse('a')).toEqual(both(12 + 50, 0));
    expect(await store.budgetUse('b')).toEqual(both(12 + 50, 0));
    const outcomes = (await store.ledger({ limit: 9 })).map(({ id, outcome, costMicroUsd }) => [
      id,
      outcome,
      costMicroUsd,
    ]);
    expect(outcomes).toEqual([
      ['a3', 'lost', 50],
      ['a2', 'ok', undefined],
      ['a1', 'ok', 12],
    ]);
  });

  test('a reservation that is extended holds, however long its answer flows, also for another machine', async () => {
    const store = await open();
    const other = await beside(store);
    for (const id of ['a1', 'a2', 'a3']) await store.reserve([budget('a', 1000)], 50, anAttempt(id));
    await store.settle([{ row: aSettled('a3', 12), budgets: [budget('a', 1000)], reservedMicroUsd: 50 }]);
    await store.extendReservations(['a1', 'a3', 'nobody'], NOON + 600_000);
    expect(await other.settleLost(NOON + 599_999)).toBe(1);
    expect(await store.budgetUse('a')).toEqual(both(12 + 50, 50));
    expect(await other.settleLost(NOON + 600_001)).toBe(1);
    expect(await store.budgetUse('a')).toEqual(both(12 + 100, 0));
  });

  test('lets one of many tell of a window, once for each event and for each limit that is higher', async () => {
    const store = await open();
    const other = await beside(store);
    const tell = (limitMicroUsd: number, event: BudgetEvent, id = 'hook') =>
      store.tellOfBudget({ window: budget('a', limitMicroUsd), event, deliveries: [aDelivery(id)] });
    const news = { window: budget('a', 10), event: 'budget.warning', deliveries: [aDelivery('hook')] } as const;
    const told = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? store : other).tellOfBudget(news)),
    );
    expect(told.filter((isTold) => isTold)).toHaveLength(1);
    expect(await tell(10, 'budget.reached', 'reached')).toBe(true);
    expect(await tell(9, 'budget.warning')).toBe(false);
    expect(await tell(11, 'budget.warning', 'raised')).toBe(true);
    expect(await store.budgetUse('a')).toEqual(both(0, 0));
    const messages = await store.claimDeliveries({ now: NOON, leaseUntil: NOON, count: 9 });
    expect(messages.map(({ id }) => id).sort()).toEqual(['hook', 'raised', 'reached']);
  });

  test('sweeps windows that ended long ago', async () => {
    const store = await open();
    await store.settle([
      { row: aSettled('a1', 12), budgets: [{ ...budget('a', 5), resetsAt: NOON }], reservedMicroUsd: 0 },
    ]);
    await store.reserve([{ ...budget('a', 50), resetsAt: NOON }], 1, anAttempt('a2'));
    await store.settle([{ row: aSettled('a2', 12), budgets: [], reservedMicroUsd: 1 }]);
    await store.sweep({ kind: 'tasks-done' }, NOON + 1);
    expect((await store.budgetUse('a')).spentMicroUsd).toBe(24);
    await store.sweep({ kind: 'tasks-done' }, ARMED);
    expect(await store.budgetUse('a')).toEqual(both(0, 0));
  });
}
