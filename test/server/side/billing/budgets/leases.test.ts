// Tests that calls reserve from leases without asking the store, that limits are as exact as without, and that nobody is refused while money is free
// in another process.

import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { Leases } from '../../../../../server/side/billing/budgets/leases.ts';
import { Reservations } from '../../../../../server/side/billing/budgets/reservations.ts';
import { Journal } from '../../../../../server/side/billing/journal.ts';
import { SettlementWriter } from '../../../../../server/side/billing/settlement.ts';
import type { BudgetWindow } from '../../../../../server/side/store/contract/budgets.ts';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { anAttempt, aSettled } from '../../../../support/side-records.ts';
import { onBothStores } from '../../../../support/stores.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { until } from '../../../../support/until.ts';

const log = pino({ level: 'silent' });
const window = (id: string, limitMicroUsd: number): BudgetWindow => ({ id, limitMicroUsd, resetsAt: undefined });

/** One process with calls, on a store. */
function aProcess(store: Store, holder: string, idleMs = 1_000_000) {
  const counts = { reserve: 0 };
  const counted: Store = {
    ...store,
    reserve(...given) {
      counts.reserve++;
      return store.reserve(...given);
    },
  };
  const journal = new Journal(temporaryFolder('leases'), holder);
  const leasing = { store: counted, holder, journal };
  const settlements = new SettlementWriter({ store: counted, log, leasing });
  const leases = new Leases({ ...leasing, log, lookEveryMs: 20, idleMs });
  const reservations = new Reservations({ store: counted, settlements, leases, log });
  async function end(): Promise<void> {
    await settlements.close(5000);
    reservations.close();
    await leases.close();
    journal.close();
  }
  let ended: Promise<void> | undefined;
  const close = (): Promise<void> => {
    ended ??= end();
    return ended;
  };
  onTestFinished(close);
  return {
    counts,
    close,
    settlements,
    reserve: (id: string, microUsd: number, budgets: readonly BudgetWindow[]) =>
      reservations.reserve(budgets, microUsd, anAttempt(id, { at: Date.now() })),
    settle: (id: string, costMicroUsd: number, budgets: readonly BudgetWindow[], reservedMicroUsd: number) =>
      settlements.settleLater(id, () => ({ row: aSettled(id, costMicroUsd), budgets, reservedMicroUsd })),
  };
}

await onBothStores(({ open, beside }) => {
  test('calls one after the other reserve from a lease, and the budgets hold what they cost', async () => {
    const store = await open();
    const one = aProcess(store, 'one');
    const budgets = [window('a', 1_000_000), window('b', 2_000_000)];
    for (let call = 0; call < 200; call++) {
      expect(await one.reserve(`c${call}`, 100, budgets)).toEqual({ kind: 'reserved' });
      one.settle(`c${call}`, 7, budgets, 100);
      if (call % 10 === 0) await delay(2);
    }
    expect(one.counts.reserve).toBeLessThan(100);
    await one.close();
    for (const { id } of budgets)
      expect(await store.budgetUse(id)).toEqual({ spentMicroUsd: 1400, reservedMicroUsd: 0 });
    expect(await store.ledger({ limit: 1000 })).toHaveLength(200);
  });

  test('a budget that has another limit now holds for the next call, whatever is leased under the limit before', async () => {
    const store = await open();
    const one = aProcess(store, 'one');
    const before = [window('a', 1_000_000)];
    await until(async () => {
      await one.reserve(`c${one.counts.reserve}`, 100, before);
      return (await store.budgetUse('a')).reservedMicroUsd > 100 * one.counts.reserve;
    });
    const lowered = await one.reserve('lowered', 100, [window('a', 100)]);
    expect(lowered).toMatchObject({ kind: 'exceeded' });
    expect(await one.reserve('raised', 100, [window('a', 2_000_000)])).toEqual({ kind: 'reserved' });
    // Stores what waits while the store is still open.
    await one.close();
  });

  test('a call has its row in the store soon, though nobody waited for it, and stays pending while it runs', async () => {
    const store = await open();
    const one = aProcess(store, 'one');
    const budgets = [window('a', 1_000_000)];
    await until(async () => {
      await one.reserve(`c${one.counts.reserve}`, 100, budgets);
      return (await store.budgetUse('a')).reservedMicroUsd > 100 * one.counts.reserve;
    });
    const asked = one.counts.reserve;
    await one.reserve('leased', 100, budgets);
    expect(one.counts.reserve).toBe(asked);
    await until(
      async () => (await store.ledger({ limit: 1000 })).find(({ id }) => id === 'leased')?.outcome === 'pending',
    );
  });

  test('exactly 50 of 200 calls at once fit that two processes make, with leases from before', async () => {
    const store = await open();
    const processes = [aProcess(store, 'one'), aProcess(await beside(store), 'two')];
    const budgets = [window('a', 50_000 + 10_000)];
    // Smaller calls have spent 10,000, and their leases are there.
    for (let call = 0; call < 100; call++) {
      const one = processes[call % 2] as ReturnType<typeof aProcess>;
      expect(await one.reserve(`s${call}`, 100, budgets)).toEqual({ kind: 'reserved' });
      one.settle(`s${call}`, 100, budgets, 100);
    }
    const kinds = await Promise.all(
      Array.from({ length: 200 }, async (_, call) => {
        const { kind } = await (processes[call % 2] as ReturnType<typeof aProcess>).reserve(`c${call}`, 1000, budgets);
        return kind;
      }),
    );
    expect(kinds.filter((kind) => kind === 'reserved')).toHaveLength(50);
    for (const { close } of processes) await close();
    expect(await store.budgetUse('a')).toEqual({ spentMicroUsd: 10_000, reservedMicroUsd: 50_000 });
  });

  test('a lease goes back when no call has used it for a while', async () => {
    const store = await open();
    const one = aProcess(store, 'one', 50);
    const budgets = [window('a', 1_000_000)];
    await one.reserve('c1', 100, budgets);
    one.settle('c1', 7, budgets, 100);
    await until(async () => {
      const { spentMicroUsd, reservedMicroUsd } = await store.budgetUse('a');
      return spentMicroUsd === 7 && reservedMicroUsd === 0;
    });
  });
});
