// Tests what the side path as a whole does when it is opened again.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../server/config/load.ts';
import { openSide } from '../../../server/side/side.ts';
import { openStore } from '../../../server/side/store/open.ts';
import { configFile } from '../../support/config-file.ts';
import { anAttempt } from '../../support/side-records.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('what a killed process had reserved in SQLite is settled at once by the next one', async () => {
  const data = temporaryFolder('side');
  const config = loadConfig({ file: configFile({ keys: [{ id: 'demo', secret: 'secret-of-demo' }] }), data, env: {} });
  const killed = await openStore({ url: 'sqlite', dataDirectory: data });
  const budget = { id: 'demo|*|total|0', limitMicroUsd: 1000, resetsAt: undefined };
  await killed.reserve([budget], 50, anAttempt('a1', { at: Date.now() }));
  await killed.close();
  const start = { config, instance: 'two', runsTasks: false, rehearsalUrl: undefined };
  await (await openSide(start, pino({ level: 'silent' }))).close(0);
  const store = await openStore({ url: 'sqlite', dataDirectory: data });
  expect(await store.budgetUse(budget.id)).toEqual({ spentMicroUsd: 50, reservedMicroUsd: 0 });
  expect(await store.ledger({ limit: 9 })).toMatchObject([{ id: 'a1', outcome: 'lost', costMicroUsd: 50 }]);
  await store.close();
});
