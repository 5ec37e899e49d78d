// Checks which budgets a key and its team have themselves, how often the store is asked for them, and that all budgets are found.

import { expect, test, vi } from 'vitest';
import type { Key } from '../../../../../server/config/config.ts';
import type { FindKey, StoredKey } from '../../../../../server/ipc/stored-keys.ts';
import { budgetsAround, OwnBudgets, writtenBudgets } from '../../../../../server/side/billing/budgets/own-budgets.ts';
import type { Call } from '../../../../../server/side/llm/call.ts';
import { withOwnBudgets } from '../../../../../server/side/llm/router.ts';
import { aFailure, scriptedRouter } from '../../../../support/side-http.ts';
import { storedKeyOf } from '../../../../support/stored-keys.ts';

const own = [{ window: 'day', maxUsd: 2 }] as const;
const { stored } = storedKeyOf('app', { settings: { budgets: [...own] }, revokedAt: 5 });

const teams = { apps: { budgets: [{ window: 'month' as const, maxUsd: 9 }] }, others: {} };

function budgetsOf(access: 'open' | 'keys' = 'keys') {
  const key = vi.fn<FindKey>(async (asked) => ('id' in asked && asked.id === 'app' ? stored : undefined));
  const keys = [
    { id: 'web', secret: 'secret-of-web', budgets: [...own] },
    { id: 'none', secret: 'secret-of-none' },
  ];
  return { key, budgets: new OwnBudgets({ store: { key }, config: { access, keys, teams } }) };
}

test('a key of the file brings its budgets without a question to the store', async () => {
  const { key, budgets } = budgetsOf();
  expect(await budgets.of({ key: 'web' })).toEqual([{ key: 'web', window: 'day', maxUsd: 2 }]);
  expect(await budgets.of({ key: 'none' })).toEqual([]);
  expect(await budgets.of({ key: undefined, team: 'apps' })).toEqual([]);
  expect(await budgetsOf('open').budgets.of({ key: 'app' })).toEqual([]);
  expect(key).not.toHaveBeenCalled();
});

test('a stored key brings its own, also when it was revoked meanwhile, and is asked for once in a while', async () => {
  const { key, budgets } = budgetsOf();
  for (let asked = 0; asked < 5; asked++)
    expect(await budgets.of({ key: 'app' })).toEqual([{ key: 'app', window: 'day', maxUsd: 2 }]);
  expect(await budgets.of({ key: 'nobody' })).toEqual([]);
  expect(key).toHaveBeenCalledTimes(2);
});

test('a stored key has the budgets of its last change at once, also where the store was asked before that', async () => {
  const { key, budgets } = budgetsOf();
  const changedTo = (version: number, own: NonNullable<Key['budgets']>) =>
    budgets.changed([storedKeyOf('app', { version, settings: { budgets: own } }).stored]);
  await budgets.of({ key: 'app' });
  changedTo(2, []);
  expect(await budgets.of({ key: 'app' })).toEqual([]);
  expect(key).toHaveBeenCalledTimes(1);
  const before = Promise.withResolvers<StoredKey>();
  key.mockImplementationOnce(() => before.promise);
  const { stored: other } = storedKeyOf('other', { settings: { budgets: [...own] } });
  const asked = budgets.of({ key: 'other' });
  budgets.changed([{ ...other, version: 2, key: { id: 'other' } }]);
  before.resolve(other);
  expect(await asked).toEqual([]);
});

test('a key has those of its team beside its own, and a team that is not configured has none', async () => {
  const { budgets } = budgetsOf();
  const ofTeam = { team: 'apps', window: 'month', maxUsd: 9 };
  expect(await budgets.of({ key: 'web', team: 'apps' })).toEqual([ofTeam, { key: 'web', window: 'day', maxUsd: 2 }]);
  expect(await budgets.of({ key: 'none', team: 'apps' })).toEqual([ofTeam]);
  for (const team of ['others', 'label', 'constructor']) expect(await budgets.of({ key: 'none', team })).toEqual([]);
  const all = { window: 'total', maxUsd: 1 } as const;
  expect(budgetsAround({ id: 'none', team: 'apps' }, { budgets: [all], teams })).toEqual([all, ofTeam]);
  expect(budgetsAround(undefined, { budgets: [all], teams })).toEqual([all]);
});

test('all budgets of a configuration are found, each with the path that it is written at', () => {
  const keys = [
    { id: 'none', secret: 'secret-of-none' },
    { id: 'web', secret: 'secret-of-web', budgets: [...own] },
  ];
  expect(writtenBudgets({ budgets: [{ window: 'total', maxUsd: 1 }], teams, keys })).toEqual([
    { path: 'budgets[0]', budget: { window: 'total', maxUsd: 1 } },
    { path: 'teams.apps.budgets[0]', budget: { team: 'apps', window: 'month', maxUsd: 9 } },
    { path: 'keys[1].budgets[0]', budget: { key: 'web', window: 'day', maxUsd: 2 } },
  ]);
});

test('a call has to fit into the budgets of its key and its team', async () => {
  const inner = scriptedRouter(async () => aFailure('upstream_failed'));
  const router = withOwnBudgets({ ...inner, use: () => {}, idle: async () => {} }, budgetsOf().budgets);
  await router.run({ key: 'app', team: 'apps' } as Call);
  expect(inner.calls).toMatchObject([{ key: 'app', budgets: [{ team: 'apps' }, { key: 'app', maxUsd: 2 }] }]);
});
