// Tests a store that another process owns: what it is asked, and what becomes of it while that process is away.

import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listenToProcesses } from '../../../../../server/side/sessions/process-listener.ts';
import { type Store, StoreError } from '../../../../../server/side/store/contract/store.ts';
import { OwnerStore, storeHandlers } from '../../../../../server/side/store/engines/owner-store.ts';
import { openStore } from '../../../../../server/side/store/open.ts';
import { anAttempt, aSession, NOON } from '../../../../support/side-records.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const budget = { id: 'a', limitMicroUsd: 1000, resetsAt: undefined };

async function startOwner(store?: Store) {
  const folder = temporaryFolder('owner');
  const opened = store ?? (await openStore({ url: 'sqlite', dataDirectory: folder }));
  if (store === undefined) onTestFinished(() => opened.close());
  const path = join(folder, 'calls');
  const listener = await listenToProcesses(path, storeHandlers(opened));
  onTestFinished(() => listener.close());
  return { path, opened, listener };
}

test('it gives what the owner has, lists and records by their ids included', async () => {
  const { path } = await startOwner();
  const asked = new OwnerStore();
  asked.use(path);
  const store = await asked.open();
  expect(store.kind).toBe('sqlite');
  expect(await store.reserve([budget], 50, anAttempt('a1'))).toEqual({ kind: 'reserved' });
  expect(await store.budgetUses(['a', 'b'])).toEqual({ a: { spentMicroUsd: 0, reservedMicroUsd: 50 } });
  await store.commitSessions({
    started: [aSession('s1')],
    handedOut: [{ digest: 'd', key: 'ann', expiresAt: NOON + 1 }],
  });
  expect(await store.idOwners(['d', 'e'], NOON)).toEqual({ d: 'ann' });
  expect(await store.session('s1')).toEqual(aSession('s1'));
  expect(await store.session('s2')).toBeUndefined();
});

test('what it is asked while the owner is away is done by the next one', async () => {
  const first = await startOwner();
  const asked = new OwnerStore();
  asked.use(first.path);
  const store = await asked.open();
  first.listener.close();
  // One that dies answers nothing.
  await expect(store.session('s1')).rejects.toMatchObject({ code: 'store_unavailable' });
  asked.use(undefined);
  const reserved = store.reserve([budget], 50, anAttempt('a1'));
  const next = await startOwner(first.opened);
  asked.use(next.path);
  expect(await reserved).toEqual({ kind: 'reserved' });
});

test('without an owner it fails after a while, and at once from then on, as a store does that cannot be reached', async () => {
  const first = await startOwner();
  const asked = new OwnerStore(300);
  asked.use(first.path);
  const store = await asked.open();
  first.listener.close();
  await expect(store.session('s1')).rejects.toEqual(new StoreError('store_unavailable', undefined));
  await expect(store.session('s1')).rejects.toMatchObject({ code: 'store_unavailable', isTransient: true });
  asked.use((await startOwner(first.opened)).path);
  expect(await store.session('s1')).toBeUndefined();
});
