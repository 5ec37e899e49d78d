// Suite of rows that are kept for a time: the old ones go in batches, what is under way stays, and no budget has more room for it.

import { expect, test } from 'vitest';
import { millisecondsOf } from '../../../../../codecs/text/duration.ts';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import {
  ARMED,
  anAttempt,
  anEnd,
  aRealtime,
  aSession,
  aSettled,
  aTask,
  NOON,
} from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const total = { id: '*|*|total|0', limitMicroUsd: 1000, resetsAt: undefined };

const ledgerIds = async (store: Store) => (await store.ledger({ limit: 9 })).map(({ id }) => id);
const taskIds = async (store: Store) => (await store.tasks({ limit: 9 })).map(({ id }) => id);

export function oldRows({ open, beside }: Stores): void {
  test('old rows of the ledger go, and neither a call nor a session that is under way', async () => {
    const store = await open();
    await store.commitSessions({
      started: [aSession('ended'), aSession('live')],
      ledger: [aRealtime('ended', 5), aRealtime('live', 5, { outcome: 'pending' })],
      ended: [anEnd('ended')],
    });
    await store.reserve([total], 50, anAttempt('reserved'));
    await store.settle([{ row: aSettled('young', 5, { at: NOON + 1 }), budgets: [], reservedMicroUsd: 0 }]);
    expect(await store.deleteOld({ of: 'ledger', than: NOON })).toBe(0);
    expect(await store.deleteOld({ of: 'ledger', than: NOON + 1 })).toBe(1);
    expect(await ledgerIds(store)).toEqual(['young', 'reserved', 'live']);
    expect(await store.session('ended')).toMatchObject({ reason: 'client-closed' });
  });

  test('a budget has spent what rows that are gone have cost, without a window too', async () => {
    const store = await open();
    const other = await beside(store);
    for (const [id, cost] of [
      ['a1', 700],
      ['a2', 250],
    ] as const) {
      await store.reserve([total], cost, anAttempt(id));
      await store.settle([{ row: aSettled(id, cost), budgets: [total], reservedMicroUsd: cost }]);
    }
    await store.reserve([total], 50, anAttempt('lost'));
    await store.settleLost(ARMED);
    const deleted = [store, other].map((one) => one.deleteOld({ of: 'ledger', than: ARMED }));
    expect((await Promise.all(deleted)).reduce((sum, count) => sum + count)).toBe(3);
    expect(await ledgerIds(store)).toEqual([]);
    expect(await store.budgetUse(total.id)).toEqual({ spentMicroUsd: 1000, reservedMicroUsd: 0 });
    expect(await store.reserve([total], 1, anAttempt('next'))).toMatchObject({ kind: 'exceeded', leftMicroUsd: 0 });
  });

  test('tasks go by the time of their end, and none that has not ended', async () => {
    const store = await open();
    const ids = ['done', 'failed', 'dead', 'late', 'running', 'waiting'];
    for (const [index, id] of ids.entries()) await store.addTask(aTask(id, { createdAt: NOON + index }));
    await store.claimTasks(NOON + 1, ARMED, 6);
    const settle = (id: string, state: 'done' | 'failed' | 'dead' | 'queued', at: number) =>
      store.settleTask({ id, version: 1, state, result: `"text of ${id}"`, at, deliveries: [] });
    for (const state of ['done', 'failed', 'dead'] as const) await settle(state, state, NOON + 100);
    await settle('late', 'done', NOON + 200);
    await settle('waiting', 'queued', NOON + 100);
    expect(await store.deleteOld({ of: 'task', than: NOON + 100 })).toBe(0);
    expect(await store.deleteOld({ of: 'task', than: NOON + 101 })).toBe(3);
    expect(await taskIds(store)).toEqual(['waiting', 'running', 'late']);
    expect(await store.requeueTask('dead', NOON + 300)).toBe(false);
  });

  test('more rows go in one call than one transaction takes, and all of them in several', async () => {
    const store = await open();
    const rows = Array.from({ length: 10_450 }, (_, index) => aSettled(`a${index}`, 1));
    await store.commitSessions({ ledger: rows });
    expect(await store.deleteOld({ of: 'ledger', than: ARMED })).toBe(10_000);
    expect(await store.deleteOld({ of: 'ledger', than: ARMED })).toBe(450);
  });

  test('the longest duration deletes and removes nothing', async () => {
    const store = await open();
    const than = NOON - millisecondsOf(`P${'9'.repeat(30)}D`);
    await store.settle([{ row: aSettled('a1', 5), budgets: [], reservedMicroUsd: 0 }]);
    expect(await store.deleteOld({ of: 'ledger', than })).toBe(0);
    expect(await store.sweep({ kind: 'older', than }, NOON)).toBe(0);
    expect(await store.ledger({ since: than, limit: 9 })).toHaveLength(1);
  });
}
