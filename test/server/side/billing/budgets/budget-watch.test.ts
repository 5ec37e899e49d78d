// Tests the state of budgets that gateway processes are told: at first, after moves, from other machines, and while the store is away.

import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { BudgetUse } from '../../../../../server/ipc/stored-rows.ts';
import { windowOf } from '../../../../../server/side/billing/budgets/budget.ts';
import { BudgetWatch, tellMoves } from '../../../../../server/side/billing/budgets/budget-watch.ts';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { anAttempt, aSettled } from '../../../../support/side-records.ts';
import { onBothStores } from '../../../../support/stores.ts';
import { until } from '../../../../support/until.ts';

const budget = { key: 'demo', window: 'total', maxUsd: 0.001 } as const;
const window = windowOf(budget, Date.now());

interface Watching {
  readonly told: readonly (readonly BudgetUse[])[];
  readonly lines: readonly string[];
  readonly store: Store;
}

/** `isBroken`: the store refuses to be read. */
async function watching(opened: Store, everyMs: number, isBroken = () => false): Promise<Watching> {
  const told: (readonly BudgetUse[])[] = [];
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const budgetUses: Store['budgetUses'] = async (ids) => {
    if (isBroken()) throw new Error('away');
    return opened.budgetUses(ids);
  };
  const onClosed = (closed: readonly BudgetUse[]) => void told.push(closed);
  const watch = new BudgetWatch({ budgets: () => [budget], store: { budgetUses }, onClosed, log, everyMs });
  onTestFinished(() => watch.stop());
  await watch.start();
  return { told, lines, store: tellMoves(opened, () => watch.moved()) };
}

/** Spends all of the budget. */
const spend = async (store: Store): Promise<void> => {
  await store.reserve([window], 1000, anAttempt('a1'));
  await store.settle([{ row: aSettled('a1', 1000), budgets: [window], reservedMicroUsd: 1000 }]);
};
/** Far longer than a test: only moves are told. */
const NEVER_MS = 1_000_000;

await onBothStores(({ open, beside }) => {
  test('it is told at once that all budgets have room, and soon after a move that one has none', async () => {
    const { told, store } = await watching(await open(), NEVER_MS);
    expect(told).toEqual([[]]);
    await store.reserve([window], 1000, anAttempt('a1'));
    const reserved = await until(() => told[1]);
    expect(reserved).toEqual([
      expect.objectContaining({ key: 'demo', limitMicroUsd: 1000, spentMicroUsd: 0, reservedMicroUsd: 1000 }),
    ]);
    await store.settle([{ row: aSettled('a1', 10), budgets: [window], reservedMicroUsd: 1000 }]);
    expect(await until(() => told[2])).toEqual([]);
  });

  test('of budgets that count the same the lowest one alone is told of', async () => {
    const opened = await open();
    const told: (readonly BudgetUse[])[] = [];
    const watch = new BudgetWatch({
      budgets: () => [{ ...budget, maxUsd: 5 }, budget, { ...budget, path: 'both' }],
      ...{ store: opened, onClosed: (closed: readonly BudgetUse[]) => void told.push(closed) },
      log: pino({ level: 'silent' }),
    });
    onTestFinished(() => watch.stop());
    await spend(opened);
    await watch.start();
    expect(told).toMatchObject([[{ key: 'demo', limitMicroUsd: 1000, spentMicroUsd: 1000 }]]);
    expect(watch.uses).toHaveLength(1);
  });

  test('what another machine spends is told at the next look, and once', async () => {
    const store = await open();
    const { told } = await watching(store, 20);
    await spend(await beside(store));
    await until(() => told.at(-1)?.[0]?.spentMicroUsd === 1000);
    const times = told.length;
    let looks = 0;
    await watching(store, 20, () => {
      looks++;
      return false;
    });
    await until(() => looks > 3);
    expect(told).toHaveLength(times);
  });

  test('a store that cannot be read changes nothing of what was told, with one line in the log', async () => {
    let isAway = false;
    let looks = 0;
    const store = await open();
    await spend(store);
    const { told, lines } = await watching(store, 10, () => {
      looks++;
      return isAway;
    });
    isAway = true;
    const before = looks;
    await until(() => looks > before + 3);
    expect(told).toHaveLength(1);
    expect(told[0]).toHaveLength(1);
    expect(lines).toHaveLength(1);
  });
});
