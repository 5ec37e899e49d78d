// Metrics of attempts and costs: settled attempts, and only those, are counted.

import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { LedgerRow } from '../../../../server/ipc/stored-rows.ts';
import { countAttempts } from '../../../../server/side/billing/attempt-metrics.ts';
import { createFakeStore, ledgerRow } from '../../../support/fake-store.ts';
import { sampleOf } from '../../../support/metrics.ts';

test('a settlement is counted by gateway and outcome, and an unknown cost is not counted as zero', async () => {
  const registry = new Registry();
  const settled: string[] = [];
  const store = countAttempts(
    {
      ...createFakeStore(),
      async settle(settlements) {
        if (settlements.some(({ row }) => row.id === 'c')) throw new Error('the store is full');
        settled.push(...settlements.map(({ row }) => row.id));
      },
    },
    registry,
  );
  const settle = (...rows: LedgerRow[]) => store.settle(rows.map((row) => ({ row, budgets: [], reservedMicroUsd: 0 })));
  await settle(ledgerRow({ id: 'a', costMicroUsd: 12, flags: ['over_reserved'] }));
  await settle(ledgerRow({ id: 'b', costMicroUsd: undefined, outcome: 'timeout' }));
  await expect(settle(ledgerRow({ id: 'c' }))).rejects.toThrow();
  await settle(ledgerRow({ id: 'd', costMicroUsd: 5 }));
  expect(settled).toEqual(['a', 'b', 'd']);
  const attempts = (outcome: string) =>
    sampleOf(registry, 'trunkline_side_attempts_total', { gateway: 'router', outcome });
  expect([await attempts('ok'), await attempts('timeout')]).toEqual([2, 1]);
  expect(await sampleOf(registry, 'trunkline_side_cost_micro_usd_total', { class: 'commodity' })).toBe(17);
  expect(await sampleOf(registry, 'trunkline_side_unknown_costs_total', { class: 'commodity' })).toBe(1);
  expect(await sampleOf(registry, 'trunkline_side_flagged_attempts_total', { flag: 'over_reserved' })).toBe(1);
});
