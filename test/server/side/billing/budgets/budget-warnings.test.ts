// Warnings of budgets: at 80 % and when they are spent, once for each window and limit, by all machines together and over restarts.

import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import { BudgetWarnings } from '../../../../../server/side/billing/budgets/budget-warnings.ts';
import { BudgetWatch, tellMoves } from '../../../../../server/side/billing/budgets/budget-watch.ts';
import { type BudgetWindow, HOLD_MS } from '../../../../../server/side/store/contract/budgets.ts';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { budgetDeliveries } from '../../../../../server/side/tasks/events.ts';
import { sampleOf } from '../../../../support/metrics.ts';
import { aRealtime, NOON } from '../../../../support/side-records.ts';
import { onBothStores } from '../../../../support/stores.ts';
import { until } from '../../../../support/until.ts';

const hook = { url: 'https://example.com/hook', secret: 'secret-of-hook', regulated: 'ids' } as const;
const webhooks = [
  {
    ...hook,
    events: ['budget.warning' as const, 'budget.reached' as const],
    allowPrivate: false,
    timeoutMs: 1000,
    giveUpMs: 1000,
  },
];
const window = {
  id: '["endUser",null,null,"ann",null,"both","total",0]',
  limitMicroUsd: 1000,
  resetsAt: undefined,
  counted: { each: 'endUser' as const, endUser: 'ann', window: 'total' },
};
/** A row costs ten micro-USD for each token. */
const spend = (store: Store, tokens: number, charged: BudgetWindow = window) =>
  store.commitSessions({ ledger: [aRealtime('s1', tokens)], charged: { s1: [charged] } });

/** A machine on this store. */
async function machine(opened: Store) {
  const registry = new Registry();
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const { look: onRead } = new BudgetWarnings({
    ...{ store: opened, registry, log },
    messages: (use, event) => budgetDeliveries(use, event, { webhooks }),
  });
  const told: string[] = [];
  const look: typeof onRead = (uses) => {
    for (const { amounts } of uses) told.push(String(amounts.spentMicroUsd));
    onRead(uses);
  };
  const watch = new BudgetWatch({ budgets: () => [], store: opened, onClosed: () => {}, onRead: look, log });
  onTestFinished(() => watch.stop());
  await watch.start();
  const counted = (event: string) => sampleOf(registry, 'trunkline_budget_events_total', { event });
  return { store: tellMoves(opened, (...moved) => watch.moved(...moved)), counted, lines, told };
}

const messagesOf = (store: Store) =>
  store.claimDeliveries({ now: Date.now() + 1000, leaseUntil: Date.now() + 60_000, count: 100 });

await onBothStores(({ open, beside }) => {
  test('a window is warned of at 80 %, and told to be spent at its end, once each', async () => {
    const { store, counted, lines } = await machine(await open());
    await spend(store, 79);
    await spend(store, 80);
    await until(async () => (await counted('budget.warning')) === 1);
    expect(await counted('budget.reached')).toBe(0);
    await spend(store, 100);
    await spend(store, 101);
    await until(async () => (await counted('budget.reached')) === 1);
    expect(await counted('budget.warning')).toBe(1);
    expect(lines).toMatchObject([
      { endUser: 'ann', event: 'budget.warning', spentMicroUsd: 800 },
      { event: 'budget.reached' },
    ]);
    const sent = await until(async () => {
      const messages = await messagesOf(store);
      return messages.length > 0 && messages;
    });
    expect(sent.map(({ body }) => JSON.parse(body))).toContainEqual(
      expect.objectContaining({
        type: 'budget.warning',
        data: expect.objectContaining({ budget: window.counted, limitUsd: 0.001, spentUsd: 0.0008 }),
      }),
    );
  });

  test('a budget of which a session got nothing more is spent, though a little is left', async () => {
    const { store, counted } = await machine(await open());
    await spend(store, 95);
    const slice = { budgets: [window], now: NOON, until: NOON + HOLD_MS };
    await store.takeSlice({ ...slice, session: 's2', wishMicroUsd: 50 });
    await store.takeSlice({ ...slice, session: 's3', wishMicroUsd: 50 });
    await until(async () => (await counted('budget.reached')) === 1);
  });

  test('two machines tell once: webhooks, the log and the metric', async () => {
    const opened = await open();
    const both = [await machine(opened), await machine(await beside(opened))];
    await Promise.all(both.map(({ store }, index) => spend(store, 80 + index)));
    for (const { told } of both) await until(() => told.includes('810'));
    const sum = async () => (await Promise.all(both.map(({ counted }) => counted('budget.warning')))).reduce(add);
    await until(async () => (await sum()) === 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await sum()).toBe(1);
    expect(both.flatMap(({ lines }) => lines)).toHaveLength(1);
    expect(await messagesOf(opened)).toHaveLength(1);
  });

  test('a process that is started anew tells nothing again, and tells of a limit that was raised', async () => {
    const opened = await open();
    const before = await machine(opened);
    await spend(before.store, 100);
    await until(async () => (await before.counted('budget.reached')) === 1);
    const after = await machine(opened);
    await spend(after.store, 101);
    await until(() => after.told.includes('1010'));
    const raised = { ...window, limitMicroUsd: 1200 };
    await spend(after.store, 102, raised);
    await until(async () => (await after.counted('budget.warning')) === 1);
    expect(after.lines).toMatchObject([{ event: 'budget.warning', limitMicroUsd: 1200, spentMicroUsd: 1020 }]);
    expect(await messagesOf(opened)).toHaveLength(3);
  });
});

const add = (a = 0, b = 0): number => a + b;
