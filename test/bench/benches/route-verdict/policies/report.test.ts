// The tables of cost and quality, from figures that are known.

import { expect, test } from 'vitest';
import { describePolicies } from '../../../../../bench/benches/route-verdict/policies/report.ts';
import type { MeasuredPolicy } from '../../../../../bench/benches/route-verdict/policies/run.ts';

const policy = (title: string, some: Partial<MeasuredPolicy>): MeasuredPolicy => ({
  ...{
    title,
    tasks: 100,
    right: 90,
    misfits: 1,
    attempts: 100,
    costMicroUsd: 50_000,
    savedMicroUsd: undefined,
    p50: 10,
    p95: 20,
  },
  kinds: { extraction: { right: 20, tasks: 25 } },
  ...some,
});
const strong = policy('always strong', { right: 99, costMicroUsd: 200_000 });

test('what was saved is against always strong, measured and by the ledger, and less than nothing where it cost more', () => {
  const first = policy('cheap first', { attempts: 130, savedMicroUsd: 140_000 });
  const dear = policy('dear', { costMicroUsd: 250_000, savedMicroUsd: -60_000 });
  const [table] = describePolicies([strong, first, dear]).tables;
  expect(table?.rows.map((row) => row.slice(0, 7))).toEqual([
    ['always strong', '99 of 100 (99 %)', '1', '1', '2', '0 (0.0 %)', '–'],
    ['cheap first', '90 of 100 (90 %)', '1', '1.3', '0.5', '1.5 (+75.0 %)', '1.4 (+70.0 %)'],
    ['dear', '90 of 100 (90 %)', '1', '1', '2.5', '-0.5 (-25.0 %)', '-0.6 (-30.0 %)'],
  ]);
});

test('quality is shown by the kind of task, and the notes say that the models are mocks', () => {
  const { tables, notes } = describePolicies([strong]);
  expect(tables[1]?.rows).toEqual([['always strong', '20 of 25', '0 of 0', '0 of 0', '0 of 0']]);
  expect(notes.join(' ')).toContain('The models are mocks');
});

test('without the strong policy there is nothing to compare with', () => {
  expect(() => describePolicies([policy('cheap first', {})])).toThrow('nothing was measured of always strong');
});
