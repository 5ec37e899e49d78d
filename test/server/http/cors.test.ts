// Checks on every kind of route that pages of listen.origins, and no others, are told that they may ask and what they may read.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answered, scriptedRouter, startSideHttp, type TestSide } from '../../support/side-http.ts';

const APP = 'https://app.example.com';
let side: TestSide;
let open: TestSide;

beforeAll(async () => {
  const router = scriptedRouter(async () => answered('Hello'));
  const rehearsal = true;
  const file = { listen: { origins: [APP, 'chrome-extension://abcdef'] }, rehearsal, side: { maxBodyBytes: 1024 } };
  side = await startSideHttp({ router, file: { ...file, keys: [{ id: 'web', secret: 'secret-of-web' }] } });
  open = await startSideHttp({ router, file });
});
afterAll(async () => {
  await side.close();
  await open.close();
});

const preflight = (path: string, headers: Record<string, string> = {}, gateway = side) =>
  gateway.ask(path, {
    method: 'OPTIONS',
    headers: { origin: APP, 'access-control-request-method': 'POST', ...headers },
  });

const listOf = (response: Response, name: string) => response.headers.get(name)?.toLowerCase().split(/,\s*/) ?? [];

const PATHS: readonly (readonly [string, string])[] = [
  ['/v1/chat/completions', 'POST'],
  ['/v1/models', 'GET'],
  ['/v1/tasks', 'POST, GET'],
  ['/v1/tasks/1/retry', 'POST'],
  ['/v1/ledger', 'GET'],
  ['/v1/sessions/1', 'GET, DELETE'],
  ['/v1/sessions/1/events', 'GET'],
  ['/v1/sessions/1/context', 'GET'],
];

describe('a preflight', () => {
  test.each(PATHS)(
    'a preflight of %s is answered before the key is checked, with the methods of the route',
    async (path, methods) => {
      const response = await preflight(path, { 'access-control-request-headers': 'authorization' });
      expect(response.status).toBe(204);
      expect(await response.text()).toBe('');
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'access-control-allow-origin': APP,
        'access-control-allow-methods': methods,
        'access-control-allow-headers': 'authorization',
        'access-control-max-age': '7200',
        vary: expect.stringMatching(/\bOrigin\b/),
      });
      expect(response.headers.has('content-length')).toBe(false);
    },
  );

  test.each([
    '/v1/nowhere',
    '/v1/realtime?model=m',
    '/v1/realtime/translations/calls',
    '/console.json',
    '//v1/sessions/%',
  ])(
    'a preflight of %s is answered with the method that is asked for, so that the page reads why not',
    async (path) => {
      const response = await preflight(path, { 'access-control-request-method': 'DELETE' });
      expect(response.status).toBe(204);
      expect(response.headers.get('access-control-allow-methods')).toMatch(/DELETE/);
    },
  );

  test('a preflight allows the headers of SDKs, of tracers and of the gateway', async () => {
    const names =
      'authorization,content-type,api-key,x-goog-api-key,x-stainless-os,x-stainless-retry-count,x-trunkline-class,x-trunkline-key,idempotency-key,last-event-id,traceparent';
    const response = await preflight('/v1/chat/completions', { 'access-control-request-headers': names });
    expect(response.headers.get('access-control-allow-headers')).toBe(names);
  });

  test('a preflight of a public page for a private address is answered', async () => {
    const asked = { 'access-control-request-private-network': 'true' };
    const response = await preflight('/v1/models', asked, open);
    expect(response.headers.get('access-control-allow-private-network')).toBe('true');
    expect((await preflight('/v1/models')).headers.has('access-control-allow-private-network')).toBe(false);
  });

  test.each(['https://evil.example', 'null', 'https://app.example.com.evil.example'])(
    'a preflight of another origin is refused, and allows nothing: %s',
    async (origin) => {
      const response = await preflight('/v1/models', { origin });
      expect(response.status).toBe(403);
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    },
  );

  test('an OPTIONS that is no preflight is answered as before', async () => {
    const response = await side.ask('/v1/models', { method: 'OPTIONS', key: 'secret-of-web' });
    expect(response.status).toBe(405);
    expect((await side.ask('/v1/nowhere', { method: 'OPTIONS', headers: { origin: APP } })).status).toBe(404);
  });
});

describe('an answer', () => {
  const headers = { origin: APP };
  const key = 'secret-of-web';
  const chat = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] };
  const answers: readonly (readonly [string, number, () => Promise<Response>])[] = [
    ['models', 200, () => side.ask('/v1/models', { headers, key })],
    ['the console', 200, () => side.ask('/console.json', { headers })],
    ['a wrong key', 401, () => side.ask('/v1/models', { headers, key: 'wrong' })],
    ['an unknown path', 404, () => side.ask('/v1/nowhere', { headers, key })],
    ['an unknown task', 404, () => side.ask('/v1/tasks/1', { headers, key })],
    ['a wrong method', 405, () => side.ask('/v1/models', { method: 'DELETE', headers, key })],
    [
      'a body that is too large',
      413,
      () => side.ask('/v1/tasks', { method: 'POST', headers, key, json: 'x'.repeat(2000) }),
    ],
    ['a body of another type', 415, () => side.ask('/v1/tasks', { method: 'POST', headers, key, body: 'x' })],
    ['a provider that is not configured', 503, () => side.ask('/v1/realtime?model=m', { headers, key })],
    [
      'a path that is not served',
      501,
      () => side.ask('/v1/realtime/sessions', { method: 'POST', headers, key, json: {} }),
    ],
  ];

  test.each(answers)('an answer may be read by the page that asked: %s', async (_, status, ask) => {
    const response = await ask();
    expect(response.status).toBe(status);
    expect(response.headers.get('access-control-allow-origin')).toBe(APP);
    expect(response.headers.get('vary')).toBe('Origin');
  });

  test('an answer exposes the headers that the gateway adds', async () => {
    const response = await side.ask('/v1/chat/completions', { method: 'POST', headers, key, json: chat });
    expect(response.status).toBe(200);
    const added = [...response.headers.keys()].filter((name) => name.startsWith('x-trunkline-'));
    expect(added).toContain('x-trunkline-gateway');
    expect(listOf(response, 'access-control-expose-headers')).toEqual(expect.arrayContaining(added));
  });

  test('an answer to another origin or to no page allows nothing, and caches keep them apart', async () => {
    for (const more of [{}, { headers: { origin: 'https://evil.example' } }]) {
      const response = await side.ask('/v1/models', { key, ...more });
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(response.headers.get('vary')).toBe('Origin');
    }
  });
});
