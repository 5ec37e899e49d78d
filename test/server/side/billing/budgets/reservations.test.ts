// Tests that reservations are kept while their calls run, and by nobody afterwards.

import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { Reservations } from '../../../../../server/side/billing/budgets/reservations.ts';
import { HOLD_MS } from '../../../../../server/side/store/contract/budgets.ts';
import { until } from '../../../../support/until.ts';

function kept() {
  const extended: { readonly ids: readonly string[]; readonly until: number }[] = [];
  const lines: string[] = [];
  const faults: Error[] = [];
  const store = {
    async extendReservations(ids: readonly string[], time: number): Promise<void> {
      extended.push({ ids, until: time });
      const fault = faults.pop();
      if (fault !== undefined) throw fault;
    },
  };
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  const unused = async () => Promise.reject(new Error('not part of this test'));
  const settlements = { isKeepingUp: false, begin() {}, flush: async () => {} };
  const reservations = new Reservations({ store: { ...store, reserve: unused }, settlements, log, everyMs: 1 });
  onTestFinished(() => reservations.close());
  return { reservations, extended, lines, faults };
}

test('all reservations that are held are extended in one statement, and none that was released', async () => {
  const startedAt = Date.now();
  const { reservations, extended } = kept();
  for (const id of ['a1', 'a2', 'a3']) reservations.hold(id);
  reservations.release('a2');
  await until(() => extended.length >= 2);
  expect(extended[0]?.ids).toEqual(['a1', 'a3']);
  expect(extended[0]?.until).toBeGreaterThanOrEqual(startedAt + HOLD_MS);
  expect(extended[1]?.ids).toEqual(['a1', 'a3']);
});

test('a store that refuses is said, and asked again', async () => {
  const { reservations, extended, lines, faults } = kept();
  faults.push(new Error('away'));
  reservations.hold('a1');
  await until(() => extended.length >= 3);
  expect(lines).toEqual(['reservations not extended']);
});
