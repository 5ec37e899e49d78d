// Suite of client secrets: each opens as many sessions as it may, on all machines together, until it expires.

import { expect, test } from 'vitest';
import type { StoredSecret } from '../../../../../server/ipc/stored-keys.ts';
import { SECRET_KEPT_MS } from '../../../../../server/side/store/contract/client-secrets.ts';
import { NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const secret = (digest: string, more: Partial<StoredSecret> = {}): StoredSecret => ({
  digest,
  id: `id-of-${digest}`,
  key: 'web',
  settings: { provider: 'openai', tags: { plan: 'free' }, session: { instructions: 'Be kind.' } },
  usesLeft: 1,
  createdAt: NOON,
  expiresAt: NOON + 60_000,
  ...more,
});

export function clientSecrets({ open, beside }: Stores): void {
  test('a secret is found as it was added, on every machine', async () => {
    const store = await open();
    const other = await beside(store);
    await store.addSecret(secret('a'), 10);
    await store.addSecret(secret('b', { key: undefined }), 10);
    expect(await other.secret('a')).toEqual(secret('a'));
    expect(await other.secret('b')).toEqual(secret('b', { key: undefined }));
    expect(await other.secret('none')).toBeUndefined();
  });

  test('of many who use a secret at once on two machines as many may as it has uses', async () => {
    const store = await open();
    const other = await beside(store);
    await store.addSecret(secret('one'), 10);
    await store.addSecret(secret('three', { usesLeft: 3 }), 10);
    for (const [digest, count] of [
      ['one', 1],
      ['three', 3],
    ] as const) {
      const uses = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 2 ? store : other).useSecret(digest, NOON)),
      );
      expect(uses.filter((use) => use === 'granted')).toHaveLength(count);
      expect(uses.filter((use) => use === 'used')).toHaveLength(50 - count);
      expect(await store.secret(digest)).toMatchObject({ usesLeft: 0 });
    }
  });

  test('a use that is given back can be taken again', async () => {
    const store = await open();
    await store.addSecret(secret('a'), 10);
    expect(await store.useSecret('a', NOON)).toBe('granted');
    await store.returnSecret('a');
    expect(await store.useSecret('a', NOON)).toBe('granted');
    expect(await store.useSecret('a', NOON)).toBe('used');
  });

  test('a secret that has expired opens nothing, and is told from one that nobody made', async () => {
    const store = await open();
    await store.addSecret(secret('a'), 10);
    expect(await store.useSecret('a', NOON + 60_000)).toBe('expired');
    expect(await store.useSecret('b', NOON)).toBe('unknown');
  });

  test('a secret is forgotten a day after it has expired', async () => {
    const store = await open();
    await store.addSecret(secret('old'), 10);
    await store.addSecret(secret('new', { expiresAt: NOON + 120_000 }), 10);
    expect(await store.removeExpiredSecrets(NOON + 60_000 + SECRET_KEPT_MS)).toBe(0);
    expect(await store.removeExpiredSecrets(NOON + 60_001 + SECRET_KEPT_MS)).toBe(1);
    expect(await store.secret('old')).toBeUndefined();
    expect(await store.secret('new')).toBeDefined();
  });

  test('a key has no more secrets that have not expired than it may', async () => {
    const store = await open();
    for (const key of ['web', undefined]) {
      const name = key ?? 'open';
      const add = (digest: string, more?: object) => store.addSecret(secret(name + digest, { key, ...more }), 2);
      expect(await add('a')).toBe(true);
      expect(await add('b')).toBe(true);
      expect(await add('c')).toBe(false);
      expect(await store.secret(`${name}c`)).toBeUndefined();
      expect(await add('d', { createdAt: NOON + 60_000 })).toBe(true);
    }
  });
}
