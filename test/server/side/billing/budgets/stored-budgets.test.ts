// The budgets of stored keys: those that the store has, and what becomes of them as keys change.

import { expect, test } from 'vitest';
import type { StoredKey } from '../../../../../server/ipc/stored-keys.ts';
import { newId } from '../../../../../server/platform/uuid-v7.ts';
import { StoredBudgets } from '../../../../../server/side/billing/budgets/stored-budgets.ts';
import { storedKeyOf } from '../../../../support/stored-keys.ts';
import { onBothStores } from '../../../../support/stores.ts';

const budgets = [{ window: 'day' as const, maxUsd: 2 }];
const keyOf = (id: string, more: Partial<StoredKey> = {}) => storedKeyOf(id, { ...more, settings: { budgets } }).stored;
const entry = () => ({ id: newId(), at: 1, actor: 'admin', action: 'key.created' as const, subject: 'key' });
const NONE: ReadonlySet<string> = new Set();
const idsOf = (stored: StoredBudgets, besides = NONE) => stored.besides(besides).map(({ key }) => key);

await onBothStores(({ open }) => {
  test('the keys of the store that have budgets, and are neither revoked nor deleted, are found', async () => {
    const store = await open();
    const named = storedKeyOf('named', { settings: { tags: { budgets: 'none' } } }).stored;
    const all = [keyOf('a'), keyOf('b'), keyOf('c', { revokedAt: 5 }), keyOf('d', { deletedAt: 5 }), named];
    for (const key of all) await store.addKey(key, entry());
    const stored = new StoredBudgets(store);
    await stored.start();
    expect(stored.besides(NONE)).toEqual([
      { key: 'b', window: 'day', maxUsd: 2 },
      { key: 'a', window: 'day', maxUsd: 2 },
    ]);
    expect(idsOf(stored, new Set(['b']))).toEqual(['a']);
  });
});

test('a key that is made, changed, revoked or deleted is told of', async () => {
  const stored = new StoredBudgets({ keysWithBudgets: async () => [keyOf('a', { version: 1 })] });
  await stored.start();
  stored.changed([keyOf('b', { version: 2 })]);
  expect(idsOf(stored)).toEqual(['b', 'a']);
  stored.changed([keyOf('b', { version: 3, revokedAt: 5 }), storedKeyOf('a', { version: 4 }).stored]);
  expect(idsOf(stored)).toEqual([]);
});

test('an answer that was read before a change counts less than the change', async () => {
  const { promise, resolve } = Promise.withResolvers<readonly StoredKey[]>();
  const stored = new StoredBudgets({ keysWithBudgets: () => promise });
  const started = stored.start();
  stored.changed([keyOf('a', { version: 7, deletedAt: 5 })]);
  expect(idsOf(stored)).toEqual([]);
  resolve([keyOf('a', { version: 3 }), keyOf('b', { version: 4 })]);
  await started;
  expect(idsOf(stored)).toEqual(['b']);
});

test('of more than a thousand keys those that were changed last are looked at', async () => {
  const many = Array.from({ length: 1200 }, (_, index) => keyOf(`k${index}`, { version: index }));
  const stored = new StoredBudgets({ keysWithBudgets: async () => [] });
  await stored.start();
  stored.changed(many);
  expect(idsOf(stored)).toHaveLength(1000);
  expect(idsOf(stored)[0]).toBe('k1199');
});
