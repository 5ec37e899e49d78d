// The use of budgets over HTTP: what is left beside what is spent and reserved, for the operator alone.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../../../server/config/load.ts';
import { askWhole } from '../../../../../server/ipc/side-request.ts';
import type { BudgetUse } from '../../../../../server/ipc/stored-rows.ts';
import { createSideHttp } from '../../../../../server/side/http/routes.ts';
import { createFakeStore } from '../../../../support/fake-store.ts';

const use = (some: Partial<BudgetUse>): BudgetUse => ({
  ...{ key: undefined, class: undefined, window: 'day', limitMicroUsd: 2_000_000 },
  ...{ spentMicroUsd: 0, reservedMicroUsd: 0, resetsAt: undefined },
  ...some,
});

async function budgets(budgetUses?: () => readonly BudgetUse[]): Promise<unknown> {
  const log = pino({ level: 'silent' });
  const answer = createSideHttp({ config: loadConfig({ env: {} }), store: createFakeStore(), log, budgetUses });
  const request = { requester: { scope: 'admin' }, method: 'GET', path: '/budgets', query: {}, headers: {} } as const;
  const { status, text } = await askWhole(answer, { ...request, body: undefined }, new AbortController().signal);
  expect(status).toBe(200);
  return JSON.parse(text);
}

test('each budget has what is left of it, and the end of its window', async () => {
  const uses = [
    use({ key: 'web', spentMicroUsd: 500_000, reservedMicroUsd: 200_000, resetsAt: 1000 }),
    use({ window: 'total', spentMicroUsd: 3_000_000 }),
  ];
  expect(await budgets(() => uses)).toEqual({
    budgets: [
      {
        ...{ key: 'web', window: 'day', limitMicroUsd: 2_000_000, spentMicroUsd: 500_000, reservedMicroUsd: 200_000 },
        ...{ leftMicroUsd: 1_300_000, resetsAt: '1970-01-01T00:00:01.000Z' },
      },
      { window: 'total', limitMicroUsd: 2_000_000, spentMicroUsd: 3_000_000, reservedMicroUsd: 0, leftMicroUsd: 0 },
    ],
  });
});

test('without budgets there are none', async () => {
  expect(await budgets()).toEqual({ budgets: [] });
});
