// Suite of the slices of live sessions: they are taken from all budgets alike, shrink by what is charged, go back at the end, and count as spent
// where nobody knows what became of them.

import { expect, test } from 'vitest';
import { type BudgetWindow, HOLD_MS } from '../../../../../server/side/store/contract/budgets.ts';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { anAttempt, aRealtime, aSession, NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const budget = (id: string, limitMicroUsd: number): BudgetWindow => ({ id, limitMicroUsd, resetsAt: undefined });
const both = (spentMicroUsd: number, reservedMicroUsd: number) => ({ spentMicroUsd, reservedMicroUsd });
const [wide, narrow] = [budget('a', 8000), budget('b', 700)];
const UNTIL = NOON + HOLD_MS;

const take = (store: Store, session: string, wishMicroUsd: number, budgets: readonly BudgetWindow[] = [wide, narrow]) =>
  store.takeSlice({ session, budgets, wishMicroUsd, now: NOON, until: UNTIL });
const charged = (budgets: readonly BudgetWindow[]) => ({ charged: { s1: budgets } });
/** A row that costs ten micro-USD for each token. */
const used = (tokens: number) => ({ ledger: [aRealtime('s1', tokens)] });

export function slices({ open, beside }: Stores): void {
  test('a slice is the same in all budgets: what is wished, or what the least of them has left', async () => {
    const store = await open();
    expect(await take(store, 's1', 500)).toEqual({ grantedMicroUsd: 500 });
    expect(await take(store, 's2', 500)).toEqual({ grantedMicroUsd: 200 });
    expect(await take(store, 's3', 500)).toEqual({
      grantedMicroUsd: 0,
      short: { budget: narrow, leftMicroUsd: 0, isLeased: false, ...both(0, 700) },
    });
    expect([await store.budgetUse('a'), await store.budgetUse('b')]).toEqual([both(0, 700), both(0, 700)]);
  });

  test('as many as ask at once, from two sides, are granted no more than there is', async () => {
    const store = await open();
    const other = await beside(store);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        take(index % 2 ? store : other, `s${index}`, 50, index % 3 ? [wide, narrow] : [narrow, wide]),
      ),
    );
    expect(answers.reduce((sum, { grantedMicroUsd }) => sum + grantedMicroUsd, 0)).toBe(700);
    expect(await store.budgetUse('b')).toEqual(both(0, 700));
  });

  test('what is charged for the session is taken out of its slice, and what is beyond it is charged too', async () => {
    const store = await open();
    await store.commitSessions({ started: [aSession('s1')] });
    await take(store, 's1', 500);
    await store.commitSessions({ ...used(30), ...charged([wide, narrow]) });
    expect(await store.budgetUse('a')).toEqual(both(300, 200));
    await store.commitSessions({ ...used(30), ...charged([wide, narrow]) });
    expect(await store.budgetUse('a')).toEqual(both(300, 200));
    await store.commitSessions({ ...used(60), ...charged([wide, narrow]) });
    expect([await store.budgetUse('a'), await store.budgetUse('b')]).toEqual([both(600, 0), both(600, 0)]);
  });

  test('the rest goes back at the end, in the same commit as the last charge', async () => {
    const store = await open();
    await take(store, 's1', 500);
    await store.commitSessions({
      ...used(10),
      ...charged([wide, narrow]),
      slicesEnded: [{ session: 's1', isSpent: false }],
    });
    expect([await store.budgetUse('a'), await store.budgetUse('b')]).toEqual([both(100, 0), both(100, 0)]);
  });

  test('of a session that is lost the rest counts as spent, once, in budgets and ledger alike', async () => {
    const store = await open();
    await take(store, 's1', 500);
    await store.commitSessions({ ...used(10), ...charged([wide, narrow]) });
    for (let times = 0; times < 2; times++)
      await store.commitSessions({ slicesEnded: [{ session: 's1', isSpent: true }] });
    expect([await store.budgetUse('a'), await store.budgetUse('b')]).toEqual([both(500, 0), both(500, 0)]);
    expect(await store.ledger({ limit: 9 })).toMatchObject([
      { costMicroUsd: 500, isFlagged: true, flags: ['unreported'] },
    ]);
  });

  test('one that is not held counts as spent, until its session is heard of again', async () => {
    const store = await open();
    await take(store, 's1', 500, [wide]);
    await store.settleLost(UNTIL + 1);
    expect(await store.budgetUse('a')).toEqual(both(500, 0));
    await store.holdSlices({ sessions: ['s1'], until: UNTIL + HOLD_MS });
    expect(await store.budgetUse('a')).toEqual(both(0, 500));
    await store.settleLost(UNTIL + HOLD_MS + 1);
    expect(await take(store, 's1', 100, [wide])).toEqual({ grantedMicroUsd: 100 });
    expect(await store.budgetUse('a')).toEqual(both(0, 600));
  });

  test('a part goes back before the end, and the slice of an id that was used again is that of its session', async () => {
    const store = await open();
    await take(store, 's1', 500, [wide]);
    await store.returnLease('session:s1', { a: 200 });
    expect(await store.budgetUse('a')).toEqual(both(0, 300));
    await store.commitSessions({ ledger: [aRealtime('s1.2', 10)], charged: { 's1.2': [wide] } });
    expect(await store.budgetUse('a')).toEqual(both(100, 200));
  });

  test('no more goes back than a charge has left of a slice, whichever of both comes first', async () => {
    const store = await open();
    await take(store, 's1', 500, [wide]);
    await store.commitSessions({ ...used(40), ...charged([wide]) });
    await store.returnLease('session:s1', { a: 300 });
    expect(await store.budgetUse('a')).toEqual(both(400, 0));
    await store.returnLease('session:s1', { a: 300 });
    await store.commitSessions({ slicesEnded: [{ session: 's1', isSpent: false }] });
    expect(await store.budgetUse('a')).toEqual(both(400, 0));
  });

  test('processes that lease the rest for calls are asked for it, and a call is not told to wait for what sessions hold', async () => {
    const store = await open();
    const lease = { holder: 'p', budget: wide, leastMicroUsd: 1, now: NOON, until: UNTIL };
    await store.takeLease({ ...lease, wishMicroUsd: 1000 });
    expect(await take(store, 's1', 7000, [wide])).toEqual({ grantedMicroUsd: 7000 });
    expect(await take(store, 's2', 1, [wide])).toMatchObject({ short: { isLeased: true } });
    const { wanted } = await store.holdLeases({ holder: 'p', now: NOON, until: UNTIL, renewBefore: NOON });
    expect(wanted).toEqual(['a']);
    await store.returnLease('p', { a: 1000 });
    expect(await take(store, 's2', 1000, [wide])).toEqual({ grantedMicroUsd: 1000 });
    const refused = await store.reserve([wide], 10, anAttempt('c1'));
    expect(refused).toMatchObject({ kind: 'exceeded', reservedMicroUsd: 8000 });
    expect(refused).not.toHaveProperty('isLeased');
  });
}
