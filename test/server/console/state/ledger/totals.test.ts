// Figures of the ledger page.

import { expect, test } from 'vitest';
import type { LedgerSumRow } from '../../../../../server/console/api/ledger.ts';
import { daysOf, lastDays, sortRows, sumRows, validShare } from '../../../../../server/console/state/ledger/totals.ts';

const row = (by: readonly string[], change: Partial<LedgerSumRow> = {}): LedgerSumRow => ({
  by,
  ...{ calls: 1, inputTokens: 0, outputTokens: 0, costMicroUsd: 0, unknownCosts: 0, savedMicroUsd: 0, rehearsals: 0 },
  ...{ valid: 0, repaired: 0, failed: 0, score: undefined, latencyMs: undefined },
  ...change,
});

test('the total adds up, and its means are over the rows that have a value', () => {
  const total = sumRows([
    row(['a'], { calls: 3, costMicroUsd: 10, savedMicroUsd: 4, score: 1, valid: 2, repaired: 1 }),
    row(['b'], { calls: 1, costMicroUsd: 5, score: 0.6, unknownCosts: 1 }),
    row(['c'], { calls: 7, savedMicroUsd: -1 }),
  ]);
  expect(total).toMatchObject({
    calls: 11,
    costMicroUsd: 15,
    savedMicroUsd: 3,
    unknownCosts: 1,
    score: 0.9,
    latencyMs: undefined,
  });
  expect(validShare(total)).toBeCloseTo(2 / 3);
  expect(validShare(row(['c']))).toBeUndefined();
});

test('means are weighed by what they were measured by: scores, feedback, calls', () => {
  const total = sumRows([
    row(['a'], { calls: 100, score: 1, scores: 1, feedback: 0, feedbacks: 3, latencyMs: 10, refusals: 2 }),
    row(['b'], { calls: 100, score: 0.5, scores: 3, feedback: 1, feedbacks: 1, latencyMs: 20 }),
    row(['c'], { calls: 0, refusals: 5, latencyMs: 999 }),
  ]);
  expect(total).toMatchObject({ score: 0.625, scores: 4, feedback: 0.25, feedbacks: 4, latencyMs: 15, refusals: 7 });
});

test('rows whose cost is unknown come last, in both directions: unknown is not cheap', () => {
  const rows = [
    row(['unknown'], { unknownCosts: 1 }),
    row(['free']),
    row(['dear'], { costMicroUsd: 9 }),
    row(['partly'], { calls: 2, unknownCosts: 1, costMicroUsd: 4 }),
  ];
  const names = (isDescending: boolean) => sortRows(rows, { column: 'cost', isDescending }).map(({ by }) => by[0]);
  expect(names(true)).toEqual(['dear', 'partly', 'free', 'unknown']);
  expect(names(false)).toEqual(['free', 'partly', 'dear', 'unknown']);
});

test('rows are sorted by a field of their group', () => {
  const rows = [row(['a', 'y']), row(['b', 'x'])];
  expect(sortRows(rows, { column: 1, isDescending: false }).map(({ by }) => by[1])).toEqual(['x', 'y']);
});

test('days have no gaps, and each path has its own sum', () => {
  const { since, until } = lastDays(3, Date.parse('2026-03-01T23:59:00Z'));
  expect([since, until].map((at) => new Date(at).toISOString().slice(0, 10))).toEqual(['2026-02-27', '2026-03-02']);
  const days = daysOf(
    [
      row(['2026-02-27', 'direct'], { costMicroUsd: 4, calls: 2 }),
      row(['2026-03-01', 'routed'], { costMicroUsd: 1, calls: 5, valid: 2, repaired: 1, failed: 1, unknownCosts: 3 }),
      row(['2026-01-01', 'routed'], { costMicroUsd: 99 }),
    ],
    since,
    until,
  );
  expect(days.cost.map(({ name, values }) => [name, values])).toEqual([
    ['direct', [4, 0, 0]],
    ['routed', [0, 0, 1]],
  ]);
  expect(days.unknownCosts).toEqual([0, 0, 3]);
  expect(days.calls.map(({ values }) => values[2])).toEqual([2, 1, 1, 1]);
  expect(days.calls[3]?.values[0]).toBe(2);
});
