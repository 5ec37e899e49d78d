// Runs of processes that are gone, and of processes that only could not say that they live.

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GoneRuns } from '../../../../../server/side/runs/stored/gone.ts';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { openStore } from '../../../../../server/side/store/open.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const GRACE_MS = 100;
let store: Store;
let gone: GoneRuns;
let here: string | undefined;
beforeEach(async () => {
  store = await openStore({ url: 'sqlite', dataDirectory: temporaryFolder('gone') });
  here = undefined;
  gone = new GoneRuns({ store, isHere: (id) => id === here, graceMs: GRACE_MS });
});
afterEach(() => store.close());

const add = (id: string, holder: string) =>
  store.writeResponses({
    added: [
      {
        ...{
          id,
          holder,
          key: undefined,
          team: undefined,
          endUser: undefined,
          clientSecret: undefined,
          chat: undefined,
        },
        ...{ previous: undefined, promptClass: 'plain', dataClass: 'open', isRehearsal: false, isKept: true },
        ...{ isBackground: true, isStreamed: true, isCut: false, state: 'in_progress', createdAt: 1 },
        ...{ input: '[]', result: JSON.stringify({ id }) },
      },
    ],
  });

test('a process whose lease is over has time to renew it, and one that does not is gone', async () => {
  for (const [id, holder] of [
    ['lives', 'slow'],
    ['dies', 'dead'],
  ] as const) {
    await store.renewLease(holder, Date.now() - 1000);
    await add(id, holder);
  }
  expect(await gone.end()).toBe(0);
  expect(await gone.end('dies')).toBe(0);
  await store.renewLease('slow', Date.now() + 60_000);
  await delay(GRACE_MS);
  expect(await gone.end()).toBe(1);
  expect([(await store.response('lives'))?.state, (await store.response('dies'))?.state]).toEqual([
    'in_progress',
    'failed',
  ]);
});

test('a process that was late once is not gone when it is late again, later', async () => {
  await add('run', 'slow');
  for (let round = 0; round < 2; round++) {
    await store.renewLease('slow', Date.now() - 1000);
    expect(await gone.end()).toBe(0);
    await store.renewLease('slow', Date.now() + 60_000);
    await delay(GRACE_MS);
    expect(await gone.end()).toBe(0);
  }
});

test('a process that gave its lease back is gone at once, with all of its runs, however many', async () => {
  for (let at = 0; at < 250; at++) await add(`run-${at}`, 'left');
  here = 'run-7';
  expect(await gone.end()).toBe(249);
  expect((await store.response('run-7'))?.state).toBe('in_progress');
});
