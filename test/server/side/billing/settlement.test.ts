// Settlements are written down, also by a store that fails for a while.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { LedgerRow } from '../../../../server/ipc/stored-rows.ts';
import { SettlementWriter } from '../../../../server/side/billing/settlement.ts';
import { until } from '../../../support/until.ts';

const settlementOf = (id: string) => ({ row: { id } as LedgerRow, budgets: [], reservedMicroUsd: 5 });
const settlement = settlementOf('a-1');
const ids = ['a-1', 'a-2', 'a-3'];

function failing(times: number) {
  const written: string[] = [];
  let calls = 0;
  const settle = async (settlements: readonly { readonly row: LedgerRow }[]) => {
    if (calls++ < times) throw new Error('scripted');
    written.push(settlements.map(({ row }) => row.id).join());
  };
  return {
    written,
    calls: () => calls,
    settler: new SettlementWriter({ store: { settle }, log: pino({ level: 'silent' }) }),
  };
}

test('a settlement that fails is tried again until it is written, and its caller does not wait for that', async () => {
  const { written, settler } = failing(2);
  await settler.settle(settlement);
  expect(written).toEqual([]);
  await until(() => written.length === 1);
});

test('settlements that are left for later are written together, after the present turn of the loop', async () => {
  const { written, calls, settler } = failing(0);
  for (const id of ids) settler.settleLater(id, () => settlementOf(id));
  await Promise.resolve();
  expect(calls()).toBe(0);
  await until(() => written.length > 0);
  expect(written).toEqual(['a-1,a-2,a-3']);
});

test('each settlement of a batch is written alone when the batch cannot be written', async () => {
  const { written, settler } = failing(1);
  for (const id of ids) settler.settleLater(id, () => settlementOf(id));
  await until(() => written.length === 3);
  expect(written.toSorted()).toEqual(ids);
});

test('a settlement that cannot be worked out does not keep the others from being written', async () => {
  const { written, settler } = failing(0);
  settler.settleLater('a-0', () => {
    throw new Error('scripted');
  });
  settler.settleLater('a-1', () => settlement);
  await settler.close(10_000);
  expect(written).toEqual(['a-1']);
});

test('close writes settlements that were left for later', async () => {
  const { written, settler } = failing(0);
  settler.settleLater('a-1', () => settlement);
  await settler.close(10_000);
  expect(written).toEqual(['a-1']);
});

test('close does not wait for ever for a store that fails', async () => {
  const { written, settler } = failing(Number.POSITIVE_INFINITY);
  await settler.settle(settlement);
  await settler.close(20);
  expect(written).toEqual([]);
});
