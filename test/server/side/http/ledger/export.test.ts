// The export over HTTP: a client that reads slowly gets every row, and the store is read no faster than the client reads.

import { get, type IncomingMessage } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../../../../server/config/load.ts';
import { startAdmin } from '../../../../../server/processes/admin.ts';
import { createSideHttp } from '../../../../../server/side/http/routes.ts';
import { openStore } from '../../../../../server/side/store/open.ts';
import { adminSide, unchanging } from '../../../../support/admin-side.ts';
import { ledgerRow } from '../../../../support/fake-store.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const ROWS = 12_000;
const MIB = 1024 * 1024;
const log = pino({ level: 'silent' });

async function serveRows(): Promise<number> {
  const data = temporaryFolder('export');
  const loaded = loadConfig({ data, env: {} });
  const config = { ...loaded, admin: { ...loaded.admin, port: 0 }, side: { ...loaded.side, maxReplyBytes: MIB } };
  const store = await openStore({ url: 'sqlite', dataDirectory: data });
  const ledger = Array.from({ length: ROWS }, (_, at) =>
    ledgerRow({ id: `row-${at}`, kind: 'chat', at: at + 1, team: 'x'.repeat(800) }),
  );
  await store.commitSessions({ ledger });
  const side = await adminSide(createSideHttp({ config, store, log }), { config });
  const sources = {
    ...unchanging,
    readiness: async () => ({ sessions: [], calls: [] }),
    metrics: async () => [],
    records: async () => [],
  };
  const admin = await startAdmin(config, { ...sources, ...side }, log);
  onTestFinished(async () => {
    await admin.close();
    await store.close();
  });
  return admin.port;
}

test('a slow reader of more than side.maxReplyBytes gets all rows', async () => {
  const port = await serveRows();
  const response = await new Promise<IncomingMessage>((resolve) => get({ port, path: '/export' }, resolve));
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    await turn();
  }
  expect(text.length).toBeGreaterThan(8 * MIB);
  const ids = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).id);
  expect(ids).toHaveLength(ROWS);
  expect(new Set(ids).size).toBe(ROWS);
});
