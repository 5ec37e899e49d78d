// Checks which budgets a key brings itself, and how often the store is asked for them.

import { expect, test, vi } from 'vitest';
import type { FindKey } from '../../../../../server/ipc/stored-keys.ts';
import { KeyBudgets } from '../../../../../server/side/billing/budgets/key-budgets.ts';
import type { Call } from '../../../../../server/side/llm/call.ts';
import { withKeyBudgets } from '../../../../../server/side/llm/router.ts';
import { aFailure, scriptedRouter } from '../../../../support/side-http.ts';
import { storedKeyOf } from '../../../../support/stored-keys.ts';

const own = [{ window: 'day', maxUsd: 2 }] as const;
const { stored } = storedKeyOf('app', { settings: { budgets: [...own] }, revokedAt: 5 });

function budgetsOf(access: 'open' | 'keys' = 'keys') {
  const key = vi.fn<FindKey>(async (asked) => ('id' in asked && asked.id === 'app' ? stored : undefined));
  const keys = [
    { id: 'web', secret: 'secret-of-web', budgets: [...own] },
    { id: 'none', secret: 'secret-of-none' },
  ];
  return { key, budgets: new KeyBudgets({ store: { key }, config: { access, keys } }) };
}

test('a key of the file brings its budgets without a question to the store', async () => {
  const { key, budgets } = budgetsOf();
  expect(await budgets.of('web')).toEqual([{ key: 'web', window: 'day', maxUsd: 2 }]);
  expect(await budgets.of('none')).toEqual([]);
  expect(await budgets.of(undefined)).toEqual([]);
  expect(await budgetsOf('open').budgets.of('app')).toEqual([]);
  expect(key).not.toHaveBeenCalled();
});

test('a stored key brings its own, also when it was revoked meanwhile, and is asked for once in a while', async () => {
  const { key, budgets } = budgetsOf();
  for (let asked = 0; asked < 5; asked++)
    expect(await budgets.of('app')).toEqual([{ key: 'app', window: 'day', maxUsd: 2 }]);
  expect(await budgets.of('nobody')).toEqual([]);
  expect(key).toHaveBeenCalledTimes(2);
});

test('a call has to fit into the budgets of its key', async () => {
  const inner = scriptedRouter(async () => aFailure('upstream_failed'));
  const router = withKeyBudgets({ ...inner, use: () => {} }, budgetsOf().budgets);
  await router.run({ key: 'app' } as Call);
  expect(inner.calls).toMatchObject([{ key: 'app', budgets: [{ key: 'app', maxUsd: 2 }] }]);
});
