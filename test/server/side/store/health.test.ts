// A store that is closed at the end of a process is no fault of the store, whoever still asks it.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import { StoreFaultLog } from '../../../../server/side/store/fault-log.ts';
import { watchStore } from '../../../../server/side/store/health.ts';
import { openStore } from '../../../../server/side/store/open.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

test('what meets a store that was closed has no line in the log', async () => {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const opened = await openStore({ url: 'sqlite', dataDirectory: temporaryFolder('health') });
  const { store } = watchStore(opened, { tryWrite: async () => {}, faults: new StoreFaultLog(log) });
  await store.close();
  await expect(store.renewLease('one', Date.now())).rejects.toThrow('store_unavailable');
  expect(lines).toEqual([]);
});
