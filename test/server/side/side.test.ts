// Tests what the side path as a whole does when it is opened again.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../server/config/load.ts';
import { Journal } from '../../../server/side/billing/journal.ts';
import { openSide } from '../../../server/side/side.ts';
import { openReader, openStore } from '../../../server/side/store/open.ts';
import { selectLedger } from '../../../server/side/store/statements/ledger.ts';
import { configFile } from '../../support/config-file.ts';
import { anAttempt, aSettled } from '../../support/side-records.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

/** Leaves the files of a process that is gone. */
function leaveJournal(data: string, holder: string): void {
  new Journal(data, holder).write({ row: anAttempt('began'), budgets: [], reservedMicroUsd: 0 });
  for (const name of readdirSync(data)) {
    const path = join(data, name);
    if (name.startsWith(`calls.${holder}.`))
      writeFileSync(path, readFileSync(path, 'utf8').replace(/^.*/, '{"pid":1,"start":"gone"}'));
  }
}

test('what a killed process had reserved is settled at once by the next one, and what a living one has is not', async () => {
  const data = temporaryFolder('side');
  const config = loadConfig({ file: configFile({ keys: [{ id: 'demo', secret: 'secret-of-demo' }] }), data, env: {} });
  const killed = await openStore({ url: 'sqlite', dataDirectory: data });
  const budget = { id: 'demo|*|total|0', limitMicroUsd: 1000, resetsAt: undefined };
  await killed.reserve([budget], 50, anAttempt('a1', { at: Date.now(), heldBy: 'gone' }));
  await killed.reserve([budget], 20, anAttempt('a2', { at: Date.now(), heldBy: 'living' }));
  await killed.close();
  leaveJournal(data, 'gone');
  const living = new Journal(data, 'living');
  const start = { config, instance: 'two', isOwner: true, runsTasks: false, rehearsalUrl: undefined };
  await (await openSide(start, pino({ level: 'silent' }))).close(0);
  const store = await openStore({ url: 'sqlite', dataDirectory: data });
  expect(await store.budgetUse(budget.id)).toEqual({ spentMicroUsd: 50, reservedMicroUsd: 20 });
  expect(await store.ledger({ limit: 9 })).toMatchObject([
    { id: 'a2', outcome: 'pending' },
    { id: 'a1', outcome: 'lost', costMicroUsd: 50 },
    { id: 'began', outcome: 'lost' },
  ]);
  living.close();
  await store.close();
});

test('rows that are older than `keep` says go when the store is maintained, and those of the default stay', async () => {
  const data = temporaryFolder('side');
  const keyed = { keys: [{ id: 'demo', secret: 'secret-of-demo' }] };
  const before = await openStore({ url: 'sqlite', dataDirectory: data });
  const now = Date.now();
  const rows = [400, 30].map((days) => aSettled(`d${days}`, 5, { at: now - days * 86_400_000 }));
  await before.settle(rows.map((row) => ({ row, budgets: [], reservedMicroUsd: 0 })));
  await before.close();
  const rest = async (): Promise<readonly string[]> => {
    const reader = await openReader({ url: 'sqlite', dataDirectory: data });
    const ids = (await selectLedger(reader.query, { limit: 9 })).map(({ id }) => id);
    await reader.close();
    return ids;
  };
  const open = (more: object) => {
    const config = loadConfig({ file: configFile({ ...keyed, ...more }), data, env: {} });
    return openSide(
      { config, instance: 'two', isOwner: true, runsTasks: true, rehearsalUrl: undefined },
      pino({ level: 'silent' }),
    );
  };
  await (await open({})).close(0);
  expect(await rest()).toEqual(['d30', 'd400']);
  const side = await open({ keep: { ledger: 'P399D' } });
  await until(async () => (await rest()).length === 1);
  expect(await rest()).toEqual(['d30']);
  await side.close(0);
});
