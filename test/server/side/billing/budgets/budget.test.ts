// Windows of budgets.

import { expect, test } from 'vitest';
import type { BudgetConfig } from '../../../../../server/config/side-schema.ts';
import { budgetsFor } from '../../../../../server/side/billing/budgets/budget.ts';

const now = Date.UTC(2026, 1, 28, 13, 45, 30, 500);

test('windows begin and end in UTC', () => {
  const times = (window: BudgetConfig['window']) => {
    const [budget] = budgetsFor([{ window, maxUsd: 1 }], { key: undefined, promptClass: 'x', path: 'routed' }, now);
    const startsAt = Number(budget?.id.split('|').at(-1));
    return [startsAt, budget?.resetsAt].map((at) => at && new Date(at).toISOString().slice(0, 19));
  };
  expect(times('minute')).toEqual(['2026-02-28T13:45:00', '2026-02-28T13:46:00']);
  expect(times('hour')).toEqual(['2026-02-28T13:00:00', '2026-02-28T14:00:00']);
  expect(times('day')).toEqual(['2026-02-28T00:00:00', '2026-03-01T00:00:00']);
  expect(times('month')).toEqual(['2026-02-01T00:00:00', '2026-03-01T00:00:00']);
  expect(times('total')).toEqual([0, undefined]);
});

test('a call counts in the budgets of its key, of its class, and of all', () => {
  const budgets = [
    { key: 'demo', class: 'commodity', window: 'day', maxUsd: 5 },
    { key: 'demo', window: 'total', maxUsd: 1 },
    { class: 'commodity', window: 'month', maxUsd: 100 },
    { window: 'hour', maxUsd: 0.5 },
    { key: 'other', window: 'day', maxUsd: 1 },
    { class: 'precious', window: 'day', maxUsd: 1 },
  ] as const;
  const own = budgetsFor(budgets, { key: 'demo', promptClass: 'commodity', path: 'routed' }, now);
  expect(own.map(({ counted: _, ...window }) => window)).toEqual([
    { id: `demo|commodity|day|${Date.UTC(2026, 1, 28)}`, limitMicroUsd: 5_000_000, resetsAt: Date.UTC(2026, 2, 1) },
    { id: 'demo|*|total|0', limitMicroUsd: 1_000_000, resetsAt: undefined },
    { id: `*|commodity|month|${Date.UTC(2026, 1, 1)}`, limitMicroUsd: 100_000_000, resetsAt: Date.UTC(2026, 2, 1) },
    { id: `*|*|hour|${Date.UTC(2026, 1, 28, 13)}`, limitMicroUsd: 500_000, resetsAt: Date.UTC(2026, 1, 28, 14) },
  ]);
  expect(budgetsFor(budgets, { key: undefined, promptClass: 'x', path: 'routed' }, now)).toHaveLength(1);
});

const WINDOW = { window: 'total', maxUsd: 1 } as const;
const anybody = { key: 'app', team: 'sales', endUser: 'ann', promptClass: 'x', path: 'routed' } as const;
const idsFor = (budgets: readonly BudgetConfig[], spender: Partial<Parameters<typeof budgetsFor>[1]> = {}) =>
  budgetsFor(budgets, { ...anybody, ...spender }, now).map(({ id }) => id);

test('a budget may be that of a team, of one path, or of every key, team or end user', () => {
  expect(idsFor([{ ...WINDOW, team: 'sales' }])).toHaveLength(1);
  expect(idsFor([{ ...WINDOW, team: 'other' }])).toEqual([]);
  expect(idsFor([{ ...WINDOW, path: 'routed' }])).toHaveLength(1);
  expect(idsFor([{ ...WINDOW, path: 'direct' }])).toEqual([]);
  for (const each of ['key', 'team', 'endUser'] as const) {
    const budgets = [{ ...WINDOW, each }];
    expect(idsFor(budgets)).not.toEqual(idsFor(budgets, { [each]: 'another' }));
    expect(idsFor(budgets, { [each]: undefined })).toEqual([]);
  }
});

test('no two budgets have one window, whatever the names of keys, teams and end users are', () => {
  const names = ['a', '*', 'a|x|total|0', '["key","a"]', 'null', '', 'a","b', '\u0000', '\ud800'];
  const fields = ['key', 'team', 'endUser'] as const;
  const ids = fields.flatMap((field) =>
    names.flatMap((name) => [
      ...(field === 'endUser' ? [] : idsFor([{ ...WINDOW, [field]: name }], { [field]: name })),
      ...idsFor([{ ...WINDOW, each: field }], { [field]: name }),
      ...idsFor([{ ...WINDOW, each: field, path: 'routed' }], { [field]: name }),
      ...idsFor([{ ...WINDOW, each: field, class: 'x' }], { [field]: name }),
    ]),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

test('of budgets that count the same, the lowest holds, and is charged once', () => {
  const windows = budgetsFor(
    [
      { ...WINDOW, maxUsd: 3 },
      { ...WINDOW, maxUsd: 2 },
      { ...WINDOW, path: 'both' },
    ],
    anybody,
    now,
  );
  expect(windows).toMatchObject([{ limitMicroUsd: 1_000_000 }]);
});
