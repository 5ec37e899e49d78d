// The log of SQLite is brought to the disk for all who ask, and an error of the disk is one of the store.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFlusher } from '../../../../server/side/store/sqlite-flush.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const folder = temporaryFolder('flush');

test('those who ask while the disk is busy share the next wait, and each call is answered', async () => {
  const path = join(folder, 'a.db');
  writeFileSync(`${path}-wal`, 'x');
  const { flush, close } = createFlusher(path);
  const first = flush();
  const [second, third] = [flush(), flush()];
  expect(second).not.toBe(first);
  expect(third).toBe(second);
  await Promise.all([first, second, third]);
  await flush();
  close();
});

test('a log that is not there is an error of the store, each time, until it is', async () => {
  const path = join(folder, 'b.db');
  const { flush, close } = createFlusher(path);
  await expect(flush()).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(Promise.all([flush(), flush()])).rejects.toMatchObject({ code: 'store_unavailable' });
  writeFileSync(`${path}-wal`, 'x');
  await flush();
  close();
});
