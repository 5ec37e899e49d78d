// Suite of ids that were handed out: each belongs to the key that got it first, until it expires.

import { expect, test } from 'vitest';
import { NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const id = (digest: string, key: string, expiresAt = NOON + 1000) => ({ digest, key, expiresAt });

export function handedOut({ open, beside }: Stores): void {
  test('an id belongs to the key that got it first, on every machine, however often it comes', async () => {
    const store = await open();
    const other = await beside(store);
    await store.commitSessions({ handedOut: [id('a', 'ann'), id('a', 'ann'), id('b', 'ann')] });
    await other.commitSessions({ handedOut: [id('a', 'bob'), id('c', 'bob')] });
    expect(await other.idOwners(['c', 'b', 'a', 'none'], NOON)).toEqual({ a: 'ann', b: 'ann', c: 'bob' });
  });

  test('an id that comes again is kept for longer, and one that has expired belongs to nobody', async () => {
    const store = await open();
    await store.commitSessions({ handedOut: [id('a', 'ann'), id('b', 'ann')] });
    await store.commitSessions({
      handedOut: [id('a', 'ann', NOON + 5000), id('a', 'ann', NOON), id('b', 'bob', NOON + 5000)],
    });
    expect(await store.idOwners(['a', 'b'], NOON + 1001)).toEqual({ a: 'ann' });
  });

  test('ids that have expired are removed, thousands of them in portions', async () => {
    const store = await open();
    const many = Array.from({ length: 2100 }, (_, index) => id(`old-${index}`, 'ann', NOON - 1));
    await store.commitSessions({ handedOut: [...many, id('new', 'ann')] });
    expect(await store.removeExpiredIds(NOON)).toBe(2100);
    expect(await store.removeExpiredIds(NOON)).toBe(0);
    expect(await store.idOwners(['new', 'old-1'], NOON - 2)).toEqual({ new: 'ann' });
  });

  test('machines that store the same ids at once do not get into each other’s way', async () => {
    const store = await open();
    const other = await beside(store);
    const ids = Array.from({ length: 60 }, (_, index) => `id-${index}`);
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const inOrder = index % 2 ? ids : ids.toReversed();
        const changes = { handedOut: inOrder.map((digest) => id(digest, 'ann', NOON + 1000 + index)) };
        return (index % 3 ? store : other).commitSessions(changes);
      }),
    );
    expect(Object.keys(await store.idOwners(ids, NOON))).toHaveLength(60);
  });
}
