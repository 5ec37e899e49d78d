// Checks who is told of changes of keys, and when.

import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { StoredKey } from '../../../../../server/ipc/stored-keys.ts';
import { newId } from '../../../../../server/platform/uuid-v7.ts';
import { KeyWatch, tellKeyChanges } from '../../../../../server/side/http/keys/key-watch.ts';
import type { AuditEntry, KeyChanges } from '../../../../../server/side/store/contract/keys.ts';
import { type Store, StoreError } from '../../../../../server/side/store/contract/store.ts';
import { storedKeyOf } from '../../../../support/stored-keys.ts';
import { onBothStores } from '../../../../support/stores.ts';
import { until } from '../../../../support/until.ts';

const log = pino({ level: 'silent' });
const entry = (): AuditEntry => ({ id: newId(), at: 1, actor: 'admin', action: 'key.created', subject: 'key:a' });
const HOUR_MS = 3_600_000;

function watch(store: Pick<Store, 'keyChanges'>, since?: number, everyMs = HOUR_MS) {
  const told: KeyChanges[] = [];
  const keys = new KeyWatch({ store, since, onChanged: (changes) => told.push(changes), log, everyMs });
  onTestFinished(() => keys.stop());
  return { keys, told, ids: () => told.flatMap(({ keys: changed }) => changed.map(({ key }) => key.id)) };
}

await onBothStores(({ open, beside }) => {
  test('tells of what its own process changes at once, and of what was there before not at all', async () => {
    const store = await open();
    await store.addKey(storedKeyOf('before').stored, entry());
    const { keys, told, ids } = watch(store);
    await keys.start();
    expect(told).toEqual([{ version: 1, keys: [] }]);
    const own = tellKeyChanges(store, () => keys.changed());
    await Promise.all(['a', 'b', 'c'].map((id) => own.addKey(storedKeyOf(id).stored, entry())));
    await until(() => ids().length === 3);
    expect(ids().sort()).toEqual(['a', 'b', 'c']);
    expect(await own.addKey(storedKeyOf('a').stored, entry())).toBe(false);
  });

  test('tells of what others change at its next look, in the order of changes', async () => {
    const store = await open();
    const { keys, ids } = watch(store, undefined, 50);
    await keys.start();
    const other = await beside(store);
    for (const id of ['c', 'a', 'b']) await other.addKey(storedKeyOf(id).stored, entry());
    await until(() => ids().length === 3);
    expect(ids()).toEqual(['c', 'a', 'b']);
  });

  test('goes on where the one before it ended, however many changes there are', async () => {
    const store = await open();
    const all = Array.from({ length: 1203 }, (_, index) => `k${index}`);
    for (let from = 0; from < all.length; from += 100)
      await Promise.all(all.slice(from, from + 100).map((id) => store.addKey(storedKeyOf(id).stored, entry())));
    const { keys, ids } = watch(store, 3);
    await keys.start();
    expect(new Set(ids()).size).toBe(1200);
  });

  test('a key that is written again carries the count of its last change', async () => {
    const store = await open();
    const { stored } = storedKeyOf('a', { settings: { team: 'apps', tags: { of: 'mine' } } });
    await store.addKey(stored, entry());
    const added = (await store.key({ id: 'a' })) as StoredKey;
    expect(added).toEqual({ ...stored, version: 1 });
    expect(await store.replaceKey({ ...added, revokedAt: 5 }, entry())).toBe(true);
    expect(await store.replaceKey({ ...added, revokedAt: 6 }, entry())).toBe(false);
    expect(await store.key({ digest: stored.digest })).toMatchObject({ revokedAt: 5, version: 2 });
    expect(await store.keyChanges(1)).toMatchObject({ keys: [{ revokedAt: 5 }] });
  });
});

test('tells of changes once the store is back', async () => {
  const { stored } = storedKeyOf('a');
  let isAway = false;
  let version = 1;
  const { keys, ids } = watch({
    async keyChanges(since) {
      if (isAway) throw new StoreError('store_unavailable', new Error('gone'));
      return { version, keys: since === undefined || since >= version ? [] : [stored] };
    },
  });
  await keys.start();
  isAway = true;
  version = 2;
  keys.changed();
  await new Promise((next) => setImmediate(next));
  expect(ids()).toEqual([]);
  isAway = false;
  keys.changed();
  await until(() => ids().length === 1);
});
