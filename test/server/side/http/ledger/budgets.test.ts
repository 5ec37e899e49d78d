// The use of budgets over HTTP: what is left beside what is spent and reserved, for the operator alone.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../../../server/config/load.ts';
import { askWhole } from '../../../../../server/ipc/side-request.ts';
import type { BudgetUse } from '../../../../../server/ipc/stored-rows.ts';
import { budgetsFor } from '../../../../../server/side/billing/budgets/budget.ts';
import { createSideHttp } from '../../../../../server/side/http/routes.ts';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { configFile } from '../../../../support/config-file.ts';
import { createFakeStore } from '../../../../support/fake-store.ts';

const use = (some: Partial<BudgetUse>): BudgetUse => ({
  ...{ key: undefined, class: undefined, window: 'day', limitMicroUsd: 2_000_000 },
  ...{ spentMicroUsd: 0, reservedMicroUsd: 0, resetsAt: undefined },
  ...some,
});

type Windows = Awaited<ReturnType<Store['budgetWindows']>>;

async function ask(path: string, file: object = {}, more: { uses?: BudgetUse[]; windows?: Windows } = {}) {
  const log = pino({ level: 'silent' });
  const store = { ...createFakeStore(), budgetWindows: async () => more.windows ?? [] };
  const budgetUses = more.uses && (() => more.uses ?? []);
  const config = loadConfig({ file: configFile(file), env: {} });
  const answer = createSideHttp({ config, store, log, budgetUses });
  const request = { requester: { scope: 'admin' }, method: 'GET', path, query: {}, headers: {} } as const;
  const { status, text } = await askWhole(answer, { ...request, body: undefined }, new AbortController().signal);
  expect(status).toBe(200);
  return JSON.parse(text);
}

test('each budget has what is left of it, and the end of its window', async () => {
  const uses = [
    use({ key: 'web', spentMicroUsd: 500_000, reservedMicroUsd: 200_000, resetsAt: 1000 }),
    use({ window: 'total', spentMicroUsd: 3_000_000 }),
  ];
  expect(await ask('/budgets', {}, { uses })).toEqual({
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
  expect(await ask('/budgets')).toEqual({ budgets: [] });
});

test('a budget for each team has the present window of each, and no other one', async () => {
  const budget = { each: 'team', window: 'day', maxUsd: 2 } as const;
  const idOf = (team: string, now: number, of: object = budget) =>
    budgetsFor([{ ...budget, ...of }], { key: 'k', team, promptClass: 'x', path: 'routed' }, now)[0]?.id ?? '';
  const now = Date.now();
  const amounts = { spentMicroUsd: 1_500_000, reservedMicroUsd: 0 };
  const windows = [
    { id: idOf('sales', now), ...amounts },
    { id: idOf('support', now - 86_400_000), ...amounts },
    { id: idOf('sales', now, { class: 'x' }), ...amounts },
  ];
  expect(await ask('/budgets', { budgets: [budget] }, { windows })).toMatchObject({
    budgets: [{ each: 'team', team: 'sales', window: 'day', limitMicroUsd: 2_000_000, leftMicroUsd: 500_000 }],
  });
  expect(await ask('/budgets', { budgets: [{ window: 'day', maxUsd: 2 }] }, { windows })).toEqual({ budgets: [] });
});

test('the teams of the configuration are listed with their bounds', async () => {
  const teams = { sales: { maxSessions: 3, models: ['openai/*'] } };
  expect(await ask('/teams', { teams, keys: [{ id: 'a', secret: 'a-long-secret', team: 'sales' }] })).toEqual({
    teams: [{ name: 'sales', maxSessions: 3, models: ['openai/*'] }],
  });
});
