// Checks that a page which only a client secret names may ask and read where the secret may, errors included, and that no other page may.

import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../../../../server/http/request/keys/secret-form.ts';
import { clientSecrets } from '../../../../support/client-secrets.ts';
import { createFakeStore, storedSession } from '../../../../support/fake-store.ts';
import { startSideHttp, type TestSide } from '../../../../support/side-http.ts';

const APP = 'https://app.example.com';
const LISTED = 'https://listed.example.com';
const OTHER = 'https://other.example.com';
const KEY = 'secret-of-web';
const id = '01900000-0000-7000-8000-00000000000a';
const REALTIME = '/v1/realtime?model=m';
const SESSION = `/v1/sessions/${id}`;

const secrets = clientSecrets();
const store = createFakeStore();
let side: TestSide;
let named: string;

beforeAll(async () => {
  const file = { listen: { origins: [LISTED] }, keys: [{ id: 'web', secret: KEY }] };
  side = await startSideHttp({ file, store, secrets });
  named = secrets.make({ origins: [APP] }, 'web');
  const clientSecret = await secretId(named);
  store.rows.sessions.push(storedSession({ id, key: 'web', clientSecret, endedAt: 9_000, reason: 'client-closed' }));
});
afterAll(() => side.close());

/** The name of a secret in the rows of its sessions. */
async function secretId(secret: string): Promise<string> {
  return (await secrets.find(digestOf(secret)))?.id ?? '';
}

const allows = ({ headers }: Response) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));

const preflight = (path: string, origin = OTHER, method = 'GET') =>
  side.ask(path, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': method } });

const asks = (path: string, key: string, init: RequestInit & { json?: unknown } = {}, origin = APP) =>
  side.ask(path, { ...init, key, headers: { origin } });

describe('a preflight', () => {
  test.each([SESSION, `${SESSION}/events`, `${SESSION}/timeline`, `${SESSION}/end`, REALTIME, '/v1/agent/converse'])(
    'a preflight shows no secret, and is answered for any page where one may be shown: %s',
    async (path) => {
      const response = await preflight(path);
      expect(response.status).toBe(204);
      expect(response.headers.get('access-control-allow-origin')).toBe(OTHER);
      expect(response.headers.get('vary')).toMatch(/\bOrigin\b/);
      expect(response.headers.has('access-control-allow-credentials')).toBe(false);
    },
  );

  test.each(['/v1/sessions', `${SESSION}/context`, '/v1/client_secrets', '/v1/models', '/console.json'])(
    'a preflight of another page is refused where only keys may ask: %s',
    async (path) => {
      const response = await preflight(path);
      expect(response.status).toBe(403);
      expect(allows(response)).toEqual([]);
    },
  );
});

describe('an answer', () => {
  test.each([
    ['its session', 200, SESSION],
    ['its timeline', 200, `${SESSION}/timeline`],
    ['its events', 200, `${SESSION}/events`],
    ['a session of nobody', 404, '/v1/sessions/01900000-0000-7000-8000-00000000000b'],
  ])('an answer may be read by the page that the secret names: %s', async (_, status, path) => {
    const response = await asks(path, named);
    expect(response.status).toBe(status);
    expect(response.headers.get('access-control-allow-origin')).toBe(APP);
    expect(response.headers.get('access-control-expose-headers')).toContain('x-request-id');
    await response.text();
  });

  test('the page ends its session, and reads that it had ended', async () => {
    const response = await asks(`${SESSION}/end`, named, { method: 'POST', json: { reason: 'enough' } });
    expect(response.status).toBe(409);
    expect(response.headers.get('access-control-allow-origin')).toBe(APP);
  });

  test.each([
    ['was used up', { usesLeft: 0 }, 401, 'secret_used'],
    ['has expired', { expiresAt: 1 }, 401, 'secret_expired'],
  ])('the page of a secret that %s reads so, and its session', async (_, state, status, code) => {
    const clientSecret = await secretId(named);
    const over = secrets.make({ origins: [APP] }, 'web', { ...state, id: clientSecret });
    const opened = await asks(REALTIME, over);
    expect(opened.headers.get('access-control-allow-origin')).toBe(APP);
    expect([opened.status, await opened.json()]).toMatchObject([status, { error: { code } }]);
    expect((await asks(SESSION, over)).status).toBe(200);
  });

  test('the page of a secret whose key is gone reads so', async () => {
    const response = await asks(SESSION, secrets.make({ origins: [APP] }, 'nobody'));
    expect(response.headers.get('access-control-allow-origin')).toBe(APP);
    expect([response.status, await response.json()]).toMatchObject([401, { error: { code: 'invalid_key' } }]);
  });

  test('the page reads that anything else needs a key', async () => {
    const response = await asks(SESSION, named, { method: 'DELETE' });
    expect(response.headers.get('access-control-allow-origin')).toBe(APP);
    expect([response.status, await response.json()]).toMatchObject([403, { error: { code: 'secret_not_allowed' } }]);
  });

  test('a page of listen.origins reads with a secret that names other pages', async () => {
    const response = await asks(SESSION, named, {}, LISTED);
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe(LISTED);
  });
});

describe('a page that nobody names', () => {
  test.each([
    ['with the secret of another page', () => asks(SESSION, named, {}, OTHER)],
    ['with a secret that names no page', () => asks(SESSION, secrets.make({}, 'web'))],
    ['with a secret that nobody made', () => asks(SESSION, `ek_${'a'.repeat(43)}`)],
    ['with a key', () => asks(SESSION, KEY)],
    ['without a credential', () => side.ask(SESSION, { headers: { origin: APP } })],
    ['where only keys may ask', () => asks('/v1/models', named)],
    ['at the path of a session', () => asks(REALTIME, named, {}, OTHER)],
  ])('a page that nobody names reads nothing: %s', async (_, ask) => {
    const response = await ask();
    expect(allows(response)).toEqual([]);
    expect(response.headers.get('vary')).toBe('Origin');
    const { error } = (await response.json()) as { error: object };
    expect([response.status, error]).toMatchObject([403, { code: 'origin_not_allowed' }]);
  });

  test('the refusal has the shape of the path: of the provider, or a plain one', async () => {
    const [realtime, session] = await Promise.all([asks(REALTIME, named, {}, OTHER), asks(SESSION, named, {}, OTHER)]);
    expect(((await realtime.json()) as { error: object }).error).toHaveProperty('param');
    expect(((await session.json()) as { error: object }).error).toHaveProperty('help');
  });
});

test('a secret that cannot be looked up is a 503, and no page reads more', async () => {
  const away = await startSideHttp({ file: { keys: [{ id: 'web', secret: KEY }] } });
  const response = await away.ask(SESSION, { key: named, headers: { origin: APP } });
  expect([response.status, await response.json()]).toMatchObject([503, { error: { code: 'side_unavailable' } }]);
  expect(allows(response)).toEqual([]);
  await away.close();
});

test('a gateway that lets everyone in looks no secret up under a name that is not of loopback', async () => {
  const looks: string[] = [];
  const counted = {
    ...secrets,
    find(digest: string) {
      looks.push(digest);
      return secrets.find(digest);
    },
  };
  const open = await startSideHttp({ secrets: counted });
  const headers = { host: 'rebound.example', origin: APP, authorization: `Bearer ${named}` };
  const [response] = (await once(get(open.http + SESSION, { headers }), 'response')) as [IncomingMessage];
  response.resume();
  expect([response.statusCode, looks]).toEqual([403, []]);
  expect((await open.ask(SESSION, { key: named, headers: { origin: APP } })).status).not.toBe(403);
  expect(looks.length).toBeGreaterThan(0);
  await open.close();
});
