// Tests that the thread of the store keeps the event loop free, and that errors cross it.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { StoreError } from '../../../../../server/side/store/contract/store.ts';
import { openStore } from '../../../../../server/side/store/open.ts';
import { aSession, aSettled } from '../../../../support/side-records.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

test('the event loop turns while a write waits for another process', async () => {
  const dataDirectory = temporaryFolder('thread');
  const store = await openStore({ url: 'sqlite', dataDirectory });
  onTestFinished(() => store.close());
  const other = new DatabaseSync(join(dataDirectory, 'trunkline.db'));
  other.exec('begin immediate');
  const written = store.commitSessions({ started: [aSession('s1')] });
  for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
  other.exec('rollback');
  other.close();
  await written;
  expect(await store.session('s1')).toBeDefined();
});

test('an error arrives with its code and with what the database said', async () => {
  const dataDirectory = temporaryFolder('thread');
  const store = await openStore({ url: 'sqlite', dataDirectory });
  await store.close();
  await expect(store.session('s1')).rejects.toMatchObject({ code: 'store_unavailable', isTransient: true });
  writeFileSync(join(dataDirectory, 'trunkline.db'), 'not a database '.repeat(1000));
  const opened = openStore({ url: 'sqlite', dataDirectory });
  await expect(opened).rejects.toBeInstanceOf(StoreError);
  const cause = { message: expect.stringMatching('not a database') };
  await expect(opened).rejects.toMatchObject({ code: 'store_damaged', cause });
});

test('a report is read while a write waits, and has what was written before', async () => {
  const dataDirectory = temporaryFolder('thread');
  const store = await openStore({ url: 'sqlite', dataDirectory });
  onTestFinished(() => store.close());
  await store.addRefusals([aSettled('r1', 0, { refusals: 2, outcome: 'rate_limited', promptClass: 'chat' })]);
  const other = new DatabaseSync(join(dataDirectory, 'trunkline.db'));
  other.exec('begin immediate');
  const written = store.commitSessions({ started: [aSession('s1')] });
  const span = { since: 0, until: Number.MAX_SAFE_INTEGER };
  expect(await store.report(['class', 'outcome'], span)).toMatchObject([{ by: ['chat', 'rate_limited'], refusals: 2 }]);
  expect(await store.moments('class', ['chat'], span)).toEqual({});
  other.exec('rollback');
  other.close();
  await written;
  expect(await store.session('s1')).toBeDefined();
});
