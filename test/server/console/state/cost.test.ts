// Costs of a session and its tasks.

import { expect, test } from 'vitest';
import type { ChargedCall } from '../../../../server/console/api/session-record.ts';
import { chargeLines, formatCost, sumCosts } from '../../../../server/console/state/cost.ts';

const charge = (change: Partial<ChargedCall>): ChargedCall => ({
  ...{ kind: 'task', path: 'routed', asked: 'm', costSource: 'unknown', isRehearsal: false },
  ...change,
});

test.each([
  [[], '–'],
  [[undefined, undefined], 'unknown'],
  [[0], '$0'],
  [[13_210, 790], '$0.014'],
  [[13_210, undefined], '$0.013 + 1 unknown'],
])('%j is written as %s: what is unknown is never zero', (costs, text) => {
  expect(formatCost(sumCosts(costs.map((costMicroUsd) => ({ costMicroUsd }))))).toBe(text);
});

test('the session comes first, then its tasks by model and path', () => {
  const lines = chargeLines([
    charge({ costMicroUsd: 5, costSource: 'reported' }),
    charge({ kind: 'realtime', path: 'direct', asked: 'a', served: 'r', costMicroUsd: 7, costSource: 'estimated' }),
    charge({}),
    charge({ path: 'direct' }),
  ]);
  expect(lines).toMatchObject([
    { what: 'session', model: 'r', count: 1, cost: { microUsd: 7 }, isEstimated: true },
    { what: 'tasks', path: 'routed', count: 2, cost: { microUsd: 5, known: 1, unknown: 1 } },
    { what: 'tasks', path: 'direct', count: 1, cost: { known: 0, unknown: 1 } },
  ]);
});
