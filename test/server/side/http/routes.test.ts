// Paths, methods, requesters and errors, which are the same for all routes of the side path.

import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { loadConfig } from '../../../../server/config/load.ts';
import type { Requester, SideHandler, SideReplyHead } from '../../../../server/ipc/side-request.ts';
import { createSideHttp } from '../../../../server/side/http/routes.ts';
import { StoreError } from '../../../../server/side/store/contract/store.ts';
import { openStore } from '../../../../server/side/store/open.ts';
import { createFakeStore, ledgerRow } from '../../../support/fake-store.ts';
import { startSideHttp, type TestSide } from '../../../support/side-http.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

let side: TestSide | undefined;
afterEach(async () => {
  await side?.close();
  side = undefined;
});

const config = loadConfig({ env: {} });
const admin: Requester = { scope: 'admin' };
const web: Requester = { scope: 'key', key: 'web', team: undefined };

async function ask(path: string, { requester = web, method = 'GET', store = createFakeStore() } = {}) {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const answer = createSideHttp({ config, store, log });
  const parts: (SideReplyHead | Buffer)[] = [];
  const request = { requester, method, path, query: {}, headers: {}, body: undefined };
  await answer(request, (part) => parts.push(part), new AbortController().signal);
  const head = parts[0] as SideReplyHead;
  return { status: head.status, error: JSON.parse(String(head.body)).error, lines };
}

test('an unknown path is a 404, and a method that the path has not is a 405 with those that it has', async () => {
  expect(await ask('/v1/sessions/a/b')).toMatchObject({
    status: 404,
    error: { code: 'unknown_path', message: expect.stringContaining('/v1/sessions/{id}') },
  });
  expect(await ask('/v1/tasks/')).toMatchObject({ status: 404 });
  expect(await ask('/v1/tasks/a', { method: 'PUT' })).toMatchObject({
    status: 405,
    error: { code: 'method_not_allowed', message: 'expected GET' },
  });
});

test('routes of the administrator do not exist for a key, nor those of keys for the administrator', async () => {
  for (const path of ['/ledger', '/ledger/rows', '/export', '/tasks']) {
    expect((await ask(path)).status).toBe(404);
    expect((await ask(path, { requester: admin, method: 'DELETE' })).status).toBe(405);
  }
  expect((await ask('/v1/tasks', { requester: admin })).status).toBe(404);
});

test('a store that cannot be used is a 503 with its code, any other error a 500; neither quotes the request', async () => {
  const store = createFakeStore();
  store.fault = new StoreError('store_full', new Error('secret detail'));
  const full = await ask('/v1/tasks/canary-of-the-client', { store });
  expect(full).toMatchObject({ status: 503, error: { code: 'store_full' } });
  store.fault = new Error('secret detail');
  const failed = await ask('/v1/tasks/canary-of-the-client', { store });
  expect(failed).toMatchObject({ status: 500, error: { code: 'internal' } });
  const all = JSON.stringify([full, failed]);
  expect(all).toContain('/v1/tasks/{id}');
  expect(all).not.toMatch(/canary|secret detail/);
});

test('a key gets sums of its own rows only', async () => {
  const store = createFakeStore();
  const row = {
    refusals: 0,
    calls: 1,
    inputTokens: 2,
    outputTokens: 3,
    costMicroUsd: 4,
    unknownCosts: 0,
    rehearsals: 0,
  };
  const rest = {
    valid: 1,
    repaired: 0,
    failed: 0,
    score: undefined,
    scores: 0,
    latencyMs: 9,
    feedback: undefined,
    feedbacks: 0,
    savedMicroUsd: 2,
  };
  store.rows.report = [
    { by: ['web', 'some/model'], ...row, ...rest },
    { by: ['other', 'some/model'], ...row, ...rest },
  ];
  side = await startSideHttp({ file: { keys: [{ id: 'web', secret: 'secret-of-web' }] }, store });
  const answer = await side.ask('/v1/ledger?by=model&since=2026-01-01T00:00:00Z', { key: 'secret-of-web' });
  expect(await answer.json()).toMatchObject({
    by: ['model'],
    since: '2026-01-01T00:00:00.000Z',
    rows: [{ by: ['some/model'], ...row }],
  });
  for (const query of ['by=secret', 'by=model,model', 'since=yesterday', 'until=soon', 'limit=0', 'limit=10001']) {
    const wrong = await side.ask(`/v1/ledger?${query}`, { key: 'secret-of-web' });
    expect([wrong.status, ((await wrong.json()) as { error: { field: string } }).error.field]).toEqual([
      400,
      query.split('=')[0],
    ]);
  }
});

const silent = pino({ level: 'silent' });

test('ledger rows come page by page', async () => {
  const store = createFakeStore();
  for (const id of ['1', '2', '3']) store.rows.ledger.push(ledgerRow({ id }));
  const read = reader(createSideHttp({ config, store, log: silent }));
  const page = JSON.parse(await read('/ledger/rows', { limit: '2' }));
  expect(page.rows.map(({ id }: { id: string }) => id)).toEqual(['3', '2']);
  expect(page.next).toBe('2');
  expect(JSON.parse(await read('/ledger/rows', { limit: '2', before: '2' }))).toMatchObject({
    rows: [{ id: '1', class: 'commodity' }],
    next: null,
  });
});

test('the ledger and the sessions are exported in full', async () => {
  const dataDirectory = temporaryFolder('export');
  const store = await openStore({ url: 'sqlite', dataDirectory });
  const ledger = [1, 2, 3].map((at) =>
    ledgerRow({ id: `0190-${at}`, kind: 'realtime', at, team: at === 3 ? '=1+1' : undefined }),
  );
  await store.commitSessions({ ledger });
  const read = reader(createSideHttp({ config: { ...config, dataDirectory }, store, log: silent }));
  const lines = (await read('/export')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).id)).toEqual(['0190-1', '0190-2', '0190-3']);
  const since = new Date(3).toISOString();
  const csv = (await read('/export', { format: 'csv', since })).trimEnd().split('\r\n');
  expect(csv).toHaveLength(2);
  expect(csv[1]).toContain("'=1+1");
  expect((await read('/export', { table: 'session' })).trim()).toBe('');
  for (const query of [{ format: 'xml' }, { table: 'turn' }, { since: 'then' }] as Record<string, string>[]) {
    expect(JSON.parse(await read('/export', query)).error.field).toBe(Object.keys(query)[0]);
  }
  await store.close();
});

function reader(answer: SideHandler) {
  return async (path: string, query: Record<string, string> = {}): Promise<string> => {
    const parts: (SideReplyHead | Buffer)[] = [];
    const request = { requester: admin, method: 'GET', path, query, headers: {}, body: undefined };
    await answer(request, (part) => parts.push(part), new AbortController().signal);
    return parts.map((part) => (Buffer.isBuffer(part) ? String(part) : String(part.body ?? ''))).join('');
  };
}
