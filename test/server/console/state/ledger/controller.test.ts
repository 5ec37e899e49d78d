// The state of the ledger page while it loads.

import { expect, test } from 'vitest';
import { initialLedger, LedgerController } from '../../../../../server/console/state/ledger/controller.ts';
import { StateStore } from '../../../../../server/console/state/store.ts';

function ledger() {
  const waiting: { readonly by: string | null; answer(status: number, rows: unknown[]): void }[] = [];
  const made = new LedgerController(new StateStore(initialLedger, () => {}), {
    fetch: (url) =>
      new Promise((resolve) => {
        const by = new URL(String(url), 'http://gateway.test').searchParams.get('by');
        waiting.push({ by, answer: (status, rows) => resolve(Response.json({ rows }, { status })) });
      }),
    date: () => Date.parse('2026-03-01T12:00:00Z'),
    key: () => '',
  });
  return { ledger: made, waiting };
}

test('loading asks for the table and for the days', async () => {
  const { ledger: made, waiting } = ledger();
  const loading = made.load();
  expect(made.store.get().phase).toBe('loading');
  expect(waiting.map(({ by }) => by)).toEqual(['class,model,path', 'day,path']);
  for (const value of waiting) value.answer(200, [{ by: ['2026-03-01', 'direct'], calls: 1, costMicroUsd: 3 }]);
  await loading;
  const { phase, rows, days, shownBy } = made.store.get();
  expect([phase, rows.length, shownBy, days?.days.length]).toEqual(['shown', 1, ['class', 'model', 'path'], 30]);
  expect(days?.cost[0]?.values.at(-1)).toBe(3);
});

test('the answer to an older question is dropped', async () => {
  const { ledger: made, waiting } = ledger();
  const first = made.load();
  const second = made.toggle('team');
  for (const value of waiting.slice(2)) value.answer(200, [{ by: ['new'] }]);
  await second;
  for (const value of waiting.slice(0, 2)) value.answer(200, [{ by: ['old'] }]);
  await first;
  expect(made.store.get().rows.map(({ by }) => by)).toEqual([['new']]);
  expect(made.store.get().shownBy).toEqual(['class', 'model', 'path', 'team']);
});

test('a gateway without a ledger and one that failed differ, and one field always stays', async () => {
  const { ledger: made, waiting } = ledger();
  const loading = made.load();
  for (const value of waiting) value.answer(503, []);
  await loading;
  expect(made.store.get()).toMatchObject({ phase: 'absent', rows: [], days: undefined });
  made.store.set({ by: ['day'] });
  await made.toggle('day');
  expect(made.store.get().by).toEqual(['day']);
});
