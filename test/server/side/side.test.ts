// Tests what the side path as a whole does when it is opened again.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { loadConfig } from '../../../server/config/load.ts';
import { askWhole, type SideRequest } from '../../../server/ipc/side-request.ts';
import { newId } from '../../../server/platform/uuid-v7.ts';
import { Journal } from '../../../server/side/billing/journal.ts';
import { openSide, type Side } from '../../../server/side/side.ts';
import { openReader, openStore } from '../../../server/side/store/open.ts';
import { selectLedger } from '../../../server/side/store/statements/ledger.ts';
import { configFile } from '../../support/config-file.ts';
import { llmGateway } from '../../support/llm-gateway.ts';
import { anAttempt, aSettled } from '../../support/side-records.ts';
import { storedKeyOf } from '../../support/stored-keys.ts';
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
  const start = { config, instance: 'two', isOwner: true, isAlone: true, runsTasks: false, rehearsalUrl: undefined };
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
      { config, instance: 'two', isOwner: true, isAlone: true, runsTasks: true, rehearsalUrl: undefined },
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

test('a stored key whose budget was spent may spend again as soon as its budget is taken away', async () => {
  // A budget of which no change is told would be believed for ever.
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const llm = await llmGateway({ behaviour: { text: 'An answer.' } });
  const file = {
    ...{ access: 'keys', prices: { m: { input: 1, output: 1 } } },
    gateways: { scripted: { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: 'x', allowPrivate: true } },
    classes: { plain: { targets: [{ gateway: 'scripted', model: 'm' }] } },
  };
  const config = loadConfig({ file: configFile(file), data: temporaryFolder('side'), env: {} });
  const start = { config, instance: 'one', isOwner: true, isAlone: true, runsTasks: false, rehearsalUrl: undefined };
  const side: Side = await openSide(start, pino({ level: 'silent' }), { onKeys: ({ keys }) => side.useKeys(keys) });
  const budgets = [{ window: 'total' as const, maxUsd: 0 }];
  const { stored } = storedKeyOf('app', { settings: { budgets } });
  await side.store.addKey(stored, { id: newId(), at: 1, actor: 'admin', action: 'key.created', subject: 'key:app' });
  const ask = async (request: Pick<SideRequest, 'requester' | 'method' | 'path'>, body: object) => {
    const given = { query: {}, headers: {}, address: '', body: Buffer.from(JSON.stringify(body)) };
    return (await askWhole(side.answer, { ...given, ...request }, new AbortController().signal)).status;
  };
  const chat = {
    requester: { scope: 'key', key: 'app', team: undefined },
    method: 'POST',
    path: '/v1/chat/completions',
  } as const;
  const call = () => ask(chat, { model: 'm', messages: [{ role: 'user', content: 'Hello' }] });
  expect(await call()).toBe(402);
  const change = { requester: { scope: 'admin' }, method: 'PATCH', path: '/keys/app' } as const;
  expect(await ask(change, { budgets: null })).toBe(200);
  await until(async () => (await call()) === 200);
  await side.close(0);
  await llm.close();
});
