// Checks plain HTTP on the public listener: what is served, and how everything else is refused.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../../../support/gateway.ts';
import { closed } from '../../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../../support/provider.ts';
import { openRaw, upgradeRequest } from '../../../../support/raw-socket.ts';
import { startSideHttp } from '../../../../support/side-http.ts';

let provider: FakeProvider;
let open: TestGateway;
let keyed: TestGateway;

beforeAll(async () => {
  provider = await startProvider();
  open = await startSideHttp({ provider: provider.url });
  const keys = [
    { id: 'web', secret: 'secret-of-web', models: ['openai/allowed'] },
    { id: 'other', secret: 'secret-of-other' },
    { id: 'narrow', secret: 'secret-of-narrow', maxSessions: 1 },
  ];
  keyed = await startSideHttp({ provider: provider.url, file: { keys } });
});
afterAll(async () => {
  await open.close();
  await keyed.close();
  await provider.close();
});

function ask(path: string, options: RequestInit = {}, gateway = open): Promise<Response> {
  return fetch(`http://127.0.0.1:${gateway.port}${path}`, { redirect: 'manual', ...options });
}

const errorOf = async (response: Response) => ((await response.json()) as { error: Record<string, unknown> }).error;

describe('an unknown path', () => {
  test.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'an unknown path is a 404 whose one sentence has the nearest ones: %s',
    async (method) => {
      const response = await ask('/v1/nowhere', { method });
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(await errorOf(response)).toEqual({
        type: 'invalid_request_error',
        code: 'unknown_path',
        message: 'there is no path /v1/nowhere here; the nearest are /v1/token, /v1/ledger, /v1/models',
        help: 'docs/errors.md#unknown_path',
      });
    },
  );

  test.each([
    ['/chat/completions', '/v1/chat/completions'],
    ['/v1/v1/chat/completions', '/v1/chat/completions'],
    ['/v1/chat/completion', '/v1/chat/completions'],
    ['/realtime', '/v1/realtime'],
    ['/v1/model', '/v1/models'],
    ['/v1/live', '/v1/live/sessions'],
    ['/openai/v1/realtime/', '/openai/v1/realtime'],
    ['/v1/sessions/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b/contexts', '/v1/sessions/{id}/context'],
    [
      '/ws/google.ai.generativelanguage.v1.GenerativeService.BidiGenerateConten',
      '/ws/google.ai.generativelanguage.v1.GenerativeService.BidiGenerateContent',
    ],
  ])('an unknown path names first the one that was meant: %s', async (path, meant) => {
    const { message } = await errorOf(await ask(path));
    expect(message).toContain(`the nearest are ${meant}, `);
    expect(String(message).length).toBeLessThan(400);
  });

  test.each(['/', '/console.json'])('%s has GET alone, and says so', async (path) => {
    const response = await ask(path, { method: 'DELETE' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await errorOf(response)).toMatchObject({ code: 'method_not_allowed', type: 'invalid_request_error' });
  });

  test('an unknown path that is asked for with HEAD has the same headers and no body', async () => {
    const get = await ask('/v1/nowhere');
    const head = await ask('/v1/nowhere', { method: 'HEAD' });
    expect(head.status).toBe(404);
    expect(head.headers.get('content-length')).toBe(String((await get.text()).length));
    expect(await head.text()).toBe('');
  });

  test.each([
    '/v1/sessions/%',
    '/%',
    '/%00',
    '/..%2f..%2fpackage.json',
    '/../package.json',
    '/.env',
    '/index.html%00.js',
  ])('an unknown path is harmless, however it is written: %s', async (path) => {
    const raw = openRaw(open.port);
    raw.send(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
    expect((await raw.answer()).status).toBe(404);
  });
});

describe('a body', () => {
  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/sdp',
    '',
  ])('a body must be JSON, not %j: a page elsewhere could send that without asking', async (type) => {
    const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
    const body = Buffer.from('{}');
    const response = await ask('/v1/realtime/sessions', { method: 'POST', headers, body });
    expect(response.status).toBe(415);
    expect(await errorOf(response)).toMatchObject({ code: 'unsupported_media_type' });
  });

  test.each(['application/json', 'Application/JSON; charset=utf-8'])('of %s is let in', async (type) => {
    const options = { method: 'POST', headers: { 'content-type': type }, body: '{}' };
    expect((await ask('/v1/realtime/sessions', options)).status).toBe(501);
  });

  test('a body that breaks off harms no other request', async () => {
    for (const end of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const raw = openRaw(open.port);
      raw.send(
        'POST /v1/realtime/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
      );
      expect((await raw.answer()).status).toBe(501);
      raw.socket[end]();
      await raw.rest();
    }
    expect((await ask('/console.json')).status).toBe(200);
  });

  test('a body in chunks must have a type too', async () => {
    const raw = openRaw(open.port);
    raw.send(
      'POST /v1/realtime/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    );
    expect((await raw.answer()).status).toBe(415);
    raw.socket.destroy();
  });
});

describe('a plain GET on a WebSocket path', () => {
  test('a plain GET on a WebSocket path says that an upgrade is expected', async () => {
    const response = await ask('/v1/realtime?model=m');
    expect(response.status).toBe(426);
    expect(response.headers.get('upgrade')).toBe('websocket');
    expect(response.headers.get('sec-websocket-version')).toBe('13');
    const { message } = await errorOf(response);
    expect(message).toContain('WebSocket');
  });

  test('a plain GET on a WebSocket path tells what an upgrade would be refused for', async () => {
    const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });
    const target = '/v1/realtime?model=';
    expect((await ask(`${target}allowed`, {}, keyed)).status).toBe(401);
    expect((await ask(`${target}allowed`, bearer('wrong'), keyed)).status).toBe(401);
    expect((await ask(`${target}other`, bearer('secret-of-web'), keyed)).status).toBe(403);
    expect((await ask(`${target}allowed`, bearer('secret-of-web'), keyed)).status).toBe(426);
    expect(provider.requests).toHaveLength(0);
  });
});

describe('the record of a session', () => {
  const headers = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });

  test('the record of a session is shown while it lives and after it has ended, to its own key', async () => {
    const id = randomUUID();
    const client = await openClient(
      `${keyed.url}/v1/realtime?model=allowed&trunkline-session=${id}`,
      headers('secret-of-web'),
    );
    const record = async (secret: string) => ask(`/v1/sessions/${id.toUpperCase()}`, headers(secret), keyed);
    const live = await record('secret-of-web');
    expect(live.status).toBe(200);
    expect(live.headers.get('cache-control')).toBe('no-store');
    expect(await live.json()).toMatchObject({ id, state: 'open', key: 'web' });
    expect((await record('secret-of-other')).status).toBe(404);
    expect((await record('wrong')).status).toBe(401);
    expect((await ask(`/v1/sessions/${id}`, {}, keyed)).status).toBe(401);
    client.close(1000);
    await closed(client);
    await keyed.nextEnd();
    expect(await (await record('secret-of-web')).json()).toMatchObject({ id, state: 'closed', closeCode: 1000 });
    expect((await record('secret-of-other')).status).toBe(404);
  });

  test('the record of a session that never was is a 404', async () => {
    expect((await ask(`/v1/sessions/${randomUUID()}`)).status).toBe(404);
  });
});

test('serves the console and the facts that it needs', async () => {
  const page = await ask('/');
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await (await ask('/console.json')).json()).toMatchObject({
    mode: 'open',
    providers: expect.arrayContaining([expect.objectContaining({ name: 'gemini', status: 'configured' })]),
    side: { tasks: [], transcripts: 'until-tasks-done' },
  });
  expect(JSON.stringify(await (await ask('/console.json', {}, keyed)).json())).not.toContain('secret');
  expect((await ask('/', { method: 'POST' })).status).toBe(405);
});

test('ignores an offer to upgrade to another protocol', async () => {
  const raw = openRaw(open.port);
  const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
  raw.send(`GET /console.json HTTP/1.1\r\nHost: 127.0.0.1\r\n${offer}\r\n`);
  expect((await raw.answer()).status).toBe(200);
  raw.socket.destroy();
});

test('counts every refusal by its reason', async () => {
  const before = await open.sample('trunkline_refusals_total', { code: 'unknown_path', status: 404 });
  await ask('/v1/nowhere');
  expect(await open.sample('trunkline_refusals_total', { code: 'unknown_path', status: 404 })).toBe(before + 1);
});

test('a connection that carried plain requests can still become a session', async () => {
  const raw = openRaw(open.port);
  for (const path of ['/console.json', '/v1/nowhere']) {
    raw.send(`HEAD ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    expect((await raw.answer()).status).toBe(path === '/console.json' ? 200 : 404);
  }
  raw.send(upgradeRequest('/v1/realtime?model=m'));
  expect((await raw.answer()).status).toBe(101);
  raw.socket.destroy();
  await open.nextEnd();
});

test('a plain GET on a route says that the key is full, or that the gateway is draining, and is no refusal itself', async () => {
  const headers = { authorization: 'Bearer secret-of-narrow' };
  const path = '/v1/realtime?model=any';
  expect((await ask(path, { headers }, keyed)).status).toBe(426);
  const client = await openClient(keyed.url + path, { headers });
  const refusals = () => keyed.sample('trunkline_refusals_total', { code: 'too_many_sessions', status: 429 });
  const before = await refusals();
  const full = await ask(path, { headers }, keyed);
  expect(full.status).toBe(429);
  expect(await errorOf(full)).toMatchObject({ code: 'too_many_sessions' });
  expect(await refusals()).toBe(before);
  client.close();
  await closed(client);
  const leaving = await startGateway({ provider: provider.url });
  await leaving.gateway.drain();
  expect((await ask(path, {}, leaving)).status).toBe(503);
  await leaving.close();
});

test('a WebSocket that is known and not served is a 501 at its upgrade too', async () => {
  const refused = await refusedUpgrade(`${open.url}/openai/deployments/abc/realtime`);
  expect(refused.status).toBe(501);
  expect(JSON.parse(refused.body).error.code).toBe('not_implemented');
});

test('the page is told of accounts that are there, each at a path that is its own, and of others only where nobody speaks as they do', async () => {
  const account = { apiKey: 'key-of-account', baseUrl: 'wss://provider.example' };
  const named = await startGateway({
    providers: { openai: account, 'openai-eu': { ...account, kind: 'openai' }, azure: account },
  });
  const reply = await fetch(`${named.url.replace('ws', 'http')}/console.json`);
  const { providers } = (await reply.json()) as {
    providers: { name: string; status: string; dialects: { name: string; path: string }[] }[];
  };
  await named.close();
  const realtimeOf = (name: string) => {
    const found = providers.find((one) => one.name === name);
    return [found?.status, found?.dialects.find(({ name: dialect }) => dialect === 'openai-realtime')?.path];
  };
  expect(realtimeOf('openai')).toEqual(['configured', '/v1/realtime']);
  expect(realtimeOf('openai-eu')).toEqual(['configured', '/openai-eu/v1/realtime']);
  expect(realtimeOf('azure')).toEqual(['configured', '/azure/openai/v1/realtime']);
  expect(providers.map(({ name }) => name)).not.toContain('xai');
  expect(providers.find(({ name }) => name === 'gemini')?.status).toBe('missing');
});
