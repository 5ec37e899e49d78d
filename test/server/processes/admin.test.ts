// The admin listener: health, readiness, metrics and sessions, for those who may ask.

import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../server/config/load.ts';
import type { SideHandler, SideRequest } from '../../../server/ipc/side-request.ts';
import type { Readiness } from '../../../server/platform/load/readiness.ts';
import { createMetrics } from '../../../server/platform/metrics.ts';
import { type AdminListener, startAdmin } from '../../../server/processes/admin.ts';
import { adminSide, unchanging } from '../../support/admin-side.ts';
import { sample } from '../../support/metrics.ts';
import { openRaw, upgradeRequest } from '../../support/raw-socket.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const { limits, side } = loadConfig({ env: {} });
const DRAINING = { code: 'draining', message: 'the gateway is shutting down' };
const log = pino({ level: 'silent' });
let admin: AdminListener;
let readiness: Readiness;

afterEach(() => admin.close());

async function start(token?: string): Promise<void> {
  readiness = { sessions: [], calls: [] };
  admin = await startWith(
    {
      ...unchanging,
      readiness: async () => readiness,
      metrics: () => Promise.all([1, 2].map((live) => createMetrics(() => live).registry.getMetricsAsJSON())),
      records: async () => [{ id: 'one' }, { id: 'two' }] as never,
    },
    { token },
  );
}

function startWith(
  sources: Parameters<typeof startAdmin>[1],
  { port = 0, token }: { port?: number; token?: string | undefined } = {},
): Promise<AdminListener> {
  return startAdmin({ admin: { host: '127.0.0.1', port, token }, limits, side }, sources, log);
}

const ask = (path: string, options: RequestInit = {}) => fetch(`http://127.0.0.1:${admin.port}${path}`, options);

test('answers /healthz while the process runs', async () => {
  await start();
  readiness = { sessions: [DRAINING], calls: [DRAINING] };
  const response = await ask('/healthz');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: 'ok' });
});

test('answers /readyz with 200 where sessions and calls are served, else with 503 and the reasons of each', async () => {
  await start();
  const ready = await ask('/readyz');
  expect([ready.status, await ready.json()]).toEqual([
    200,
    { status: 'ready', sessions: { status: 'ready' }, calls: { status: 'ready' } },
  ]);
  readiness = { sessions: [], calls: [{ code: 'store_full', message: 'no room' }] };
  const unready = await ask('/readyz');
  expect(unready.status).toBe(503);
  expect(await unready.json()).toEqual({
    status: 'not ready',
    sessions: { status: 'ready' },
    calls: { status: 'not ready', reasons: [{ code: 'store_full', message: 'no room' }] },
  });
  expect((await ask('/readyz?part=sessions')).status).toBe(200);
  expect((await ask('/readyz?part=calls')).status).toBe(503);
});

test('serves the page of the operator without the token, and its data with it alone', async () => {
  await start('secret-token');
  const page = await ask('/');
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(await page.text()).toContain('Trunkline operator');
  expect((await ask('/', { method: 'POST' })).status).toBe(405);
  expect((await ask('/index.html')).status).toBe(401);
  expect((await ask('/sessions')).status).toBe(401);
});

test('takes what its own page sends under any name with the token, and pages from elsewhere never', async () => {
  await start('secret-token');
  const ofPage = async (host: string, origin: string) => {
    const raw = openRaw(admin.port);
    const authorization = 'Authorization: Bearer secret-token';
    raw.send(`GET /sessions HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\n${authorization}\r\n\r\n`);
    return (await raw.answer()).status;
  };
  expect(await ofPage('ops.example:9090', 'http://ops.example:9090')).toBe(200);
  expect(await ofPage('ops.example', 'https://ops.example')).toBe(200);
  expect(await ofPage('ops.example', 'https://evil.example')).toBe(403);
});

test('answers /readyz of a part that there is not with the parts that there are', async () => {
  await start();
  readiness = { calls: [] };
  const response = await ask('/readyz?part=sessions');
  expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('part: expected calls')]);
});

test('answers /metrics with the sum of all processes, in the format of Prometheus', async () => {
  await start();
  const response = await ask('/metrics');
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(sample(await response.text(), 'trunkline_sessions')).toBe(3);
});

test('answers /sessions with the live sessions of all processes', async () => {
  await start();
  const response = await ask('/sessions');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.json()).toEqual({ sessions: [{ id: 'one' }, { id: 'two' }] });
});

test('answers an unknown path with a 404 whose one sentence has the nearest ones', async () => {
  await start();
  const response = await ask('/metric');
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({
    error: {
      type: 'invalid_request_error',
      code: 'unknown_path',
      message: expect.stringMatching(/^there is no path \/metric here; the nearest are \/metrics, \/\w+, \/\w+$/),
      help: 'docs/errors.md#unknown_path',
    },
  });
});

test.each([
  ['POST', 405],
  ['DELETE', 405],
  ['HEAD', 200],
])('answers the method %s with %i', async (method, status) => {
  await start();
  expect((await ask('/sessions', { method })).status).toBe(status);
});

test('answers /healthz and /readyz under any host name, and nothing else', async () => {
  await start();
  const statuses = [];
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    const raw = openRaw(admin.port);
    raw.send(`GET ${path} HTTP/1.1\r\nHost: 10.1.2.3:9090\r\nConnection: close\r\n\r\n`);
    statuses.push((await raw.answer()).status);
  }
  expect(statuses).toEqual([200, 200, 403]);
});

test.each(['/sessions/%zz', '/sessions/%', '/tasks/%E0%A4%A', '/tasks/%ff/retry', '/sessions/a%00', '/%zz'])(
  'answers a path in malformed percent-encoding with what was expected: %s',
  async (path) => {
    await start();
    const response = await ask(path);
    expect([response.status, typeof ((await response.json()) as { error: unknown }).error]).toEqual([
      path === '/%zz' ? 404 : 400,
      'object',
    ]);
  },
);

test('answers a body with 415', async () => {
  await start();
  const headers = { 'content-type': 'application/json' };
  expect((await ask('/sessions', { method: 'POST', headers, body: '{}' })).status).toBe(415);
});

test('answers an upgrade like any other request', async () => {
  await start();
  const raw = openRaw(admin.port);
  raw.send(upgradeRequest('/sessions', { Connection: 'Upgrade, close' }));
  expect((await raw.answer()).status).toBe(200);
  const evil = openRaw(admin.port);
  evil.send(upgradeRequest('/sessions', { Origin: 'https://evil.example' }));
  expect((await evil.answer()).status).toBe(403);
});

test('answers 500 when a source fails, and goes on', async () => {
  admin = await startWith({
    ...unchanging,
    readiness: async () => ({ sessions: [], calls: [] }),
    metrics: () => Promise.reject(new Error('canary')),
    records: async () => [],
  });
  const response = await ask('/metrics');
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('canary');
  expect((await ask('/sessions')).status).toBe(200);
});

describe('with a token', () => {
  test('answers 401 without it', async () => {
    await start('token-of-admin');
    for (const path of ['/metrics', '/sessions', '/sessions/one', '/nowhere']) {
      expect((await ask(path)).status).toBe(401);
      for (const authorization of ['Bearer wrong', 'Bearer token-of-admi', 'Bearer token-of-admin1', 'token-of-admin'])
        expect((await ask(path, { headers: { authorization } })).status).toBe(401);
    }
  });

  test('answers /healthz and /readyz without it, and with a wrong one: probes have none', async () => {
    await start('token-of-admin');
    for (const path of ['/healthz', '/readyz']) {
      expect((await ask(path)).status).toBe(200);
      expect((await ask(path, { headers: { authorization: 'Bearer wrong' } })).status).toBe(200);
    }
  });

  test('tells of the accounts at providers to those alone who have it, and of the processes to everybody', async () => {
    await start('token-of-admin');
    const headers = { authorization: 'Bearer token-of-admin' };
    const [plain, told] = [await ask('/readyz?verbose'), await ask('/readyz?verbose', { headers })];
    const shared = { status: 'ready', sessions: { status: 'ready' }, calls: { status: 'ready' } };
    const { accounts, ...parts } = unchanging.details();
    const verbose = { ...shared, config: unchanging.inForce(), ...parts };
    expect(await plain.json()).toEqual(verbose);
    expect(await told.json()).toEqual({ ...verbose, accounts });
    expect(await (await ask('/readyz', { headers })).json()).toEqual(shared);
  });

  test('answers with it', async () => {
    await start('token-of-admin');
    const headers = { authorization: 'Bearer token-of-admin' };
    for (const path of ['/healthz', '/readyz', '/metrics', '/sessions'])
      expect((await ask(path, { headers })).status).toBe(200);
  });
});

test('rejects when its port is taken, and names the setting', async () => {
  await start();
  const sources = {
    ...unchanging,
    readiness: async () => ({ sessions: [], calls: [] }),
    metrics: async () => [],
    records: async () => [],
  };
  await expect(startWith(sources, { port: admin.port })).rejects.toThrow('admin.port');
});

describe('the side path over all keys', () => {
  const seen: SideRequest[] = [];
  const askSide: SideHandler = async (request, emit) => {
    seen.push(request);
    emit({ status: 200, headers: { 'content-type': 'application/json' } });
    emit(Buffer.from('{"rows":'));
    emit(Buffer.from('[]}'));
  };
  const sources = {
    ...unchanging,
    readiness: async () => ({ sessions: [], calls: [] }),
    metrics: async () => [],
    records: () => Promise.reject(new Error('not all sessions are asked for one')),
  };
  const side = () =>
    adminSide(askSide, { find: async (id) => (id === 'one' ? { id, state: 'open' } : undefined) as never });

  test.each([
    ['GET', '/tasks?state=dead&key=web'],
    ['GET', '/tasks/a.summary'],
    ['POST', '/tasks/a.summary/retry'],
    ['GET', '/ledger?by=class'],
    ['GET', '/ledger/rows'],
    ['GET', '/export?format=csv'],
    ['DELETE', '/sessions/two'],
  ])('answers %s %s by the side process', async (method, path) => {
    admin = await startWith({ ...sources, ...(await side()) });
    const response = await ask(path, { method });
    expect(await response.json()).toEqual({ rows: [] });
    const [pathname = '', query] = path.split('?');
    expect(seen.at(-1)).toMatchObject({
      requester: { scope: 'admin' },
      method,
      path: pathname,
      query: Object.fromEntries(new URLSearchParams(query)),
      live: undefined,
    });
  });

  test('gives the side process the live record of a session', async () => {
    admin = await startWith({ ...sources, ...(await side()) });
    await ask('/sessions/ONE');
    expect(seen.at(-1)?.live).toEqual({ id: 'one', state: 'open' });
  });

  test('needs the token, and answers 503 without a side process', async () => {
    const count = seen.length;
    admin = await startWith({ ...sources, ...(await side()) }, { token: 'admin-token' });
    expect((await ask('/tasks')).status).toBe(401);
    await admin.close();
    admin = await startWith(sources);
    expect((await ask('/tasks')).status).toBe(503);
    await admin.close();
    admin = await startWith({ ...sources, sideSocket: () => join(temporaryFolder('admin'), 'nothing') });
    expect((await ask('/tasks')).status).toBe(503);
    expect(seen).toHaveLength(count);
  });
});
