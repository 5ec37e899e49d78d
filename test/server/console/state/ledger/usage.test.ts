// Questions and figures of the view of usage.

import { expect, test } from 'vitest';
import {
  comparePath,
  seriesOf,
  spanOf,
  type UsageChoice,
  usageCsv,
  usageQuestions,
} from '../../../../../server/console/state/ledger/usage.ts';

const now = Date.parse('2026-03-01T10:20:00Z');
const choice: UsageChoice = { window: '24 h', by: 'model', where: { class: 'open', team: '' }, now };
const sums = { calls: 1, inputTokens: 2, outputTokens: 3, unknownCosts: 0, savedMicroUsd: 0, rehearsals: 0 };
const row = (by: readonly string[], costMicroUsd: number) => ({
  ...{ by, costMicroUsd, ...sums },
  ...{ valid: 0, repaired: 0, failed: 0 },
});

test('a window of a day is 24 hours with this one last, others are days', () => {
  const day = spanOf(choice);
  expect([day.times.length, day.unit]).toEqual([24, 'hour']);
  expect(new Date(day.since).toISOString()).toBe('2026-02-28T11:00:00.000Z');
  expect(new Date(day.until).toISOString()).toBe('2026-03-01T11:00:00.000Z');
  const month = spanOf({ window: '30 days', now });
  expect([month.times.length, month.unit, new Date(month.until).toISOString()]).toEqual([
    ...[30, 'day', '2026-03-02T00:00:00.000Z'],
  ]);
});

test('each question is one bounded report of the window, with the filters', () => {
  const rest = 'class=open&team=&since=2026-02-28T11%3A00%3A00.000Z&until=2026-03-01T11%3A00%3A00.000Z';
  expect(usageQuestions(choice)).toEqual({
    ends: `/ledger?by=outcome&limit=200&${rest}`,
    rows: `/ledger?by=model&limit=200&${rest}`,
    times: `/ledger?by=hour%2Cmodel&limit=5000&${rest}`,
    targets: `/ledger?by=target&limit=200&${rest}`,
  });
  expect(comparePath(choice, 'a/b', 'c')).toBe(`/ledger?by=target&compare=a%2Fb%2Cc&${rest}`);
});

test('a plot has the five that cost most, and all others as one; what lies outside of it and what cost nothing is left out', () => {
  const rows = ['a', 'b', 'c', 'd', 'e', 'f', ''].map((name, at) => row(['2026-03-01T10:00Z', name], 10 * (7 - at)));
  const all = [...rows, row(['2026-03-01T09:00Z', 'b'], 5), row(['2026-03-01T10:00Z', 'free'], 0)];
  const series = seriesOf([...all, row(['2026-02-01T10:00Z', 'a'], 7)], 'model', spanOf(choice));
  expect(series.map(({ name, label, values }) => [name, label, ...values.slice(-2)])).toEqual([
    ['series-1', 'a', 0, 70],
    ['series-2', 'b', 5, 60],
    ['series-3', 'c', 0, 50],
    ['series-4', 'd', 0, 40],
    ['series-5', 'e', 0, 30],
    ['series-rest', '2 others', 0, 30],
  ]);
  expect(series.every(({ values }) => values.length === 24)).toBe(true);
  const days = seriesOf([row(['2026-03-01', 'direct'], 4)], 'path', spanOf({ window: '7 days', now }));
  expect(days).toEqual([{ name: 'direct', label: 'direct', values: [0, 0, 0, 0, 0, 0, 4] }]);
});

test('CSV has the names of its columns first, and an unknown mean is empty', () => {
  const [head, line, end] = usageCsv('team', [row(['=a,b'], 4)]).split('\r\n');
  expect(head?.startsWith('team,calls,inputTokens')).toBe(true);
  expect([line, end]).toEqual(['"\'=a,b",1,2,3,4,0,0,0,0,0,0,,,,,', '']);
});
