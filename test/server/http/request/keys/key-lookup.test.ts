// Checks where a key is looked for, what is remembered of stored ones, and what becomes of changes.

import { describe, expect, test, vi } from 'vitest';
import type { FileKey } from '../../../../../server/config/config.ts';
import { KeyLookup } from '../../../../../server/http/request/keys/key-lookup.ts';
import { digestOf, newKeySecret } from '../../../../../server/http/request/keys/secret-form.ts';
import type { FindKey, KeyQuestion, StoredKey } from '../../../../../server/ipc/stored-keys.ts';
import { storedKeyOf } from '../../../../support/stored-keys.ts';

const fileKeys: readonly FileKey[] = [{ id: 'web', secret: 'secret-of-web' }];

/** A store of these keys, which counts what it is asked. */
function storeOf(...keys: StoredKey[]) {
  const known = [...keys];
  const findKey = vi.fn<FindKey>(async (asked: KeyQuestion) =>
    known.find((one) => ('id' in asked ? one.key.id === asked.id : [one.digest, one.oldDigest].includes(asked.digest))),
  );
  return { known, findKey, lookup: new KeyLookup({ fileKeys: () => fileKeys, findKey }) };
}

test('finds keys of the file at once, and asks the store for nothing that cannot be a secret of its keys', () => {
  const { lookup, findKey } = storeOf();
  expect(lookup.find('secret-of-web')).toMatchObject({ id: 'web' });
  for (const garbage of ['', 'tlk_short', `tlk_${'?'.repeat(43)}`, newKeySecret().slice(1), `${newKeySecret()}x`])
    expect(lookup.find(garbage)).toMatchObject({ status: 401, code: 'invalid_key' });
  expect(findKey).not.toHaveBeenCalled();
});

test('asks the store for a stored key once, and then finds it in memory, by its id, too', async () => {
  const { stored, secret } = storedKeyOf('app', { settings: { team: 'apps' } });
  const { lookup, findKey } = storeOf(stored);
  expect(lookup.known(secret)).toBeUndefined();
  expect(await lookup.find(secret)).toEqual({ id: 'app', team: 'apps' });
  expect(lookup.find(secret)).toEqual({ id: 'app', team: 'apps' });
  expect(lookup.withId('app')).toMatchObject({ id: 'app' });
  expect(lookup.known(secret)).toMatchObject({ id: 'app' });
  expect(findKey).toHaveBeenCalledTimes(1);
});

test('asks once for many who bring the same unknown key at once', async () => {
  const { lookup, findKey } = storeOf();
  const secret = newKeySecret();
  const found = await Promise.all(Array.from({ length: 50 }, () => lookup.find(secret)));
  expect(new Set(found.map((one) => ('code' in one ? one.code : one.id)))).toEqual(new Set(['invalid_key']));
  expect(findKey).toHaveBeenCalledTimes(1);
});

test('lets a bounded number of questions wait for the store', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const lookup = new KeyLookup({ fileKeys: () => [], findKey: () => promise });
  const found = Array.from({ length: 1001 }, () => lookup.find(newKeySecret()));
  expect(await found.at(-1)).toMatchObject({ status: 503, code: 'side_unavailable', retryAfterS: 1 });
  resolve(undefined);
  expect(await found[0]).toMatchObject({ status: 401 });
});

test('a key of the file wins over a stored one of the same id, and over one of the same secret', async () => {
  const { stored, secret } = storedKeyOf('web');
  const same = { ...storedKeyOf('other').stored, digest: digestOf('secret-of-web') };
  const { lookup } = storeOf(stored, same);
  expect(await lookup.find(secret)).toMatchObject({ status: 401, code: 'invalid_key' });
  expect(lookup.find('secret-of-web')).toMatchObject({ id: 'web' });
  expect(lookup.withId('web')).toMatchObject({ id: 'web' });
  expect(lookup.changed([{ ...stored, revokedAt: 2000 }])).toEqual([]);
  expect(lookup.isOver('web')).toBe(false);
});

describe('a key that is over', () => {
  test('says why it is refused, whether it is one of the file or of the store', async () => {
    const past = '2020-01-01T00:00:00Z';
    const [revoked, deleted] = [storedKeyOf('a', { revokedAt: 5 }), storedKeyOf('b', { deletedAt: 5 })];
    const expired = storedKeyOf('c', { settings: { expiresAt: past } });
    const { findKey } = storeOf(revoked.stored, deleted.stored, expired.stored);
    const inFile = { id: 'old', secret: 'secret-of-old', expiresAt: past };
    const lookup = new KeyLookup({ fileKeys: () => [inFile], findKey });
    const refusalOf = (message: string) => ({ status: 401, code: 'invalid_key', message });
    expect(await lookup.find(revoked.secret)).toEqual(refusalOf('this key was revoked'));
    expect(await lookup.find(deleted.secret)).toEqual(refusalOf('this key is not a key of this gateway'));
    expect(await lookup.find(expired.secret)).toEqual(refusalOf(`this key has expired at ${past}`));
    expect(lookup.find('secret-of-old')).toEqual(refusalOf(`this key has expired at ${past}`));
  });

  test('is refused from the moment that its change is told, and asked for no more than once each time', async () => {
    const { stored, secret } = storedKeyOf('app');
    const { lookup, known } = storeOf(stored);
    await lookup.find(secret);
    const revoked = { ...stored, version: 2, revokedAt: 2000 };
    known[0] = revoked;
    expect(lookup.changed([revoked])).toEqual(['app']);
    expect(lookup.isOver('app')).toBe(true);
    expect(await lookup.find(secret)).toMatchObject({ status: 401, message: 'this key was revoked' });
  });

  test('tells those who watch for it, at once where it was over before, and nobody who has let it go', () => {
    const { stored } = storedKeyOf('app');
    const { lookup } = storeOf(stored);
    const [watched, left, other] = [lookup.watchEnd('app'), lookup.watchEnd('app'), lookup.watchEnd('other')];
    left[Symbol.dispose]();
    const revoked = { ...stored, version: 2, revokedAt: 2000 };
    lookup.changed([{ ...stored, version: 1 }]);
    expect(watched.signal.aborted).toBe(false);
    lookup.changed([revoked]);
    const told = [watched, left, other, lookup.watchEnd('app')].map(({ signal }) => signal.aborted);
    expect(told).toEqual([true, false, false, true]);
  });

  test('is refused where its change is told while the store answers with what was before', async () => {
    const { stored, secret } = storedKeyOf('app');
    const { promise, resolve } = Promise.withResolvers<StoredKey>();
    const lookup = new KeyLookup({ fileKeys: () => [], findKey: () => promise });
    const finding = lookup.find(secret);
    lookup.changed([{ ...stored, version: 2, revokedAt: 2000 }]);
    resolve(stored);
    expect(await finding).toMatchObject({ status: 401, message: 'this key was revoked' });
  });

  test('is alive again where its id is given to a new key', () => {
    const { stored } = storedKeyOf('app');
    const { lookup } = storeOf();
    lookup.changed([{ ...stored, version: 2, deletedAt: 2000 }]);
    lookup.changed([{ ...storedKeyOf('app').stored, version: 3 }]);
    lookup.changed([{ ...stored, version: 2, deletedAt: 2000 }]);
    expect(lookup.isOver('app')).toBe(false);
  });
});

describe('a change', () => {
  test('is in force at once for a key that is in memory', async () => {
    const { stored, secret } = storedKeyOf('app', { settings: { maxSessions: 1 } });
    const { lookup, findKey } = storeOf(stored);
    await lookup.find(secret);
    lookup.changed([{ ...stored, version: 2, key: { id: 'app', maxSessions: 2 } }]);
    expect(lookup.find(secret)).toEqual({ id: 'app', maxSessions: 2 });
    expect(findKey).toHaveBeenCalledTimes(1);
  });

  test('of the secret leaves the old one in force until its time', async () => {
    const { stored, secret } = storedKeyOf('app');
    const { lookup } = storeOf(stored);
    await lookup.find(secret);
    const next = newKeySecret();
    const rotated = { ...stored, version: 2, digest: digestOf(next), oldDigest: stored.digest };
    lookup.changed([{ ...rotated, oldUntil: Date.now() + 60_000 }]);
    expect([lookup.find(next), lookup.find(secret)]).toMatchObject([{ id: 'app' }, { id: 'app' }]);
    lookup.changed([{ ...rotated, version: 3, oldUntil: Date.now() }]);
    expect(lookup.find(next)).toMatchObject({ id: 'app' });
    expect(lookup.find(secret)).toMatchObject({ status: 401, message: expect.stringContaining('replaced') });
  });
});

describe('while the store cannot be asked', () => {
  test('keys that were seen in the last minute are found, others are not, and later none', async () => {
    vi.useFakeTimers();
    const [seen, unseen] = [storedKeyOf('seen'), storedKeyOf('unseen')];
    const { lookup, findKey } = storeOf(seen.stored, unseen.stored);
    await lookup.find(seen.secret);
    findKey.mockRejectedValue(new Error('the side process does not run'));
    vi.advanceTimersByTime(59_000);
    expect(lookup.find(seen.secret)).toMatchObject({ id: 'seen' });
    expect(await lookup.find(unseen.secret)).toMatchObject({ status: 503, code: 'side_unavailable' });
    vi.advanceTimersByTime(2000);
    expect(await lookup.find(seen.secret)).toMatchObject({ status: 503, code: 'side_unavailable' });
    vi.useRealTimers();
  });

  test('a key that is used is confirmed again, and no longer known where it is gone by then', async () => {
    vi.useFakeTimers();
    const { stored, secret } = storedKeyOf('app');
    const { lookup, findKey, known } = storeOf(stored);
    await lookup.find(secret);
    known[0] = { ...stored, version: 2, revokedAt: 1 };
    vi.advanceTimersByTime(6000);
    expect(lookup.find(secret)).toMatchObject({ id: 'app' });
    await vi.waitFor(() => expect(lookup.known(secret)).toBeUndefined());
    expect(findKey).toHaveBeenCalledTimes(2);
    vi.useRealTimers();
  });
});
