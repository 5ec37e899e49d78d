// Checks which web pages may talk to a listener: the rule on Origin and Host, on both listeners, for upgrades and plain requests.

import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../server/config/load.ts';
import { ownOrigins } from '../../../server/http/origin-policy.ts';
import { type AdminListener, startAdmin } from '../../../server/processes/admin.ts';
import { unchanging } from '../../support/admin-side.ts';
import { testCertificate } from '../../support/certificate.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { openRaw, upgradeRequest } from '../../support/raw-socket.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let provider: FakeProvider;
let open: TestGateway;
let keyed: TestGateway;
let admin: AdminListener;
let guarded: AdminListener;

const { limits, side } = loadConfig({ env: {} });
const log = pino({ level: 'silent' });
const sources = {
  ...unchanging,
  readiness: async () => ({ sessions: [], calls: [] }),
  metrics: async () => [],
  records: async () => [],
};

beforeAll(async () => {
  provider = await startProvider();
  const certificate = await testCertificate();
  const listen = { origins: ['https://app.example.com', 'chrome-extension://abcdef'] };
  open = await startGateway({ provider: provider.url, certificate, listen });
  keyed = await startGateway({ provider: provider.url, keys: [{ id: 'web', secret: 'secret-of-web' }], listen });
  admin = await startAdmin({ admin: { host: '127.0.0.1', port: 0 }, limits, side }, sources, log);
  guarded = await startAdmin(
    { admin: { host: '127.0.0.1', port: 0, token: 'token-of-admin' }, limits, side },
    sources,
    log,
  );
});
afterAll(async () => {
  await open.close();
  await keyed.close();
  await admin.close();
  await guarded.close();
  await provider.close();
});

type Headers = Record<string, string | undefined>;

async function status(port: number, request: string): Promise<number> {
  const raw = openRaw(port);
  raw.send(request);
  const answer = await raw.answer();
  raw.socket.destroy();
  return answer.status;
}

function get(path: string, headers: Headers): string {
  const all: Headers = { Host: '127.0.0.1', Connection: 'close', ...headers };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

const bearer = { Authorization: 'Bearer secret-of-web' };
const token = { Authorization: 'Bearer token-of-admin' };

/** Both listeners, with a request that only the given headers can make wrong, and the status of a right one. */
const listeners: [string, (headers: Headers) => Promise<number>, number][] = [
  ['open mode, upgrade', (headers) => status(open.port, upgradeRequest(REALTIME, headers)), 101],
  ['open mode, page', (headers) => status(open.port, get('/console.json', headers)), 200],
  ['open mode, route', (headers) => status(open.port, get(REALTIME, headers)), 426],
  ['open mode, unknown path', (headers) => status(open.port, get('/v1/nowhere', headers)), 404],
  ['key mode, upgrade', (headers) => status(keyed.port, upgradeRequest(REALTIME, { ...bearer, ...headers })), 101],
  ['key mode, page', (headers) => status(keyed.port, get('/console.json', headers)), 200],
  ['admin', (headers) => status(admin.port, get('/sessions', headers)), 200],
  ['admin with a token', (headers) => status(guarded.port, get('/sessions', { ...token, ...headers })), 200],
];

describe.each(listeners)('%s', (listener, ask, fine) => {
  const isAdmin = listener.startsWith('admin');
  const isOpen = listener.startsWith('open') || listener === 'admin';
  const port = () => (isAdmin ? (listener === 'admin' ? admin.port : guarded.port) : isOpen ? open.port : keyed.port);

  test('lets a request without Origin in', async () => {
    expect(await ask({})).toBe(fine);
  });

  test('lets its own pages in, under each name of this machine', async () => {
    for (const name of ['127.0.0.1', 'localhost', '[::1]'])
      expect(await ask({ Origin: `http://${name}:${port()}`, Host: `${name}:${port()}` })).toBe(fine);
  });

  test.each([
    'null',
    '',
    'https://evil.example',
    'http://localhost',
    'http://localhost:1',
    'https://localhost',
    'file://',
    'http://127.0.0.1.evil.example',
    'https://app.example.com.evil.example',
    'https://app.example.com:444',
    'http://app.example.com',
    'https://APP.example.com',
    'https://app.example.com/',
    'https://app.example.com, https://app.example.com',
    'chrome-extension://other',
  ])('refuses a page of another origin: %j', async (origin) => {
    expect(await ask({ Origin: origin })).toBe(403);
  });

  test('refuses an origin whose port only begins like its own', async () => {
    expect(await ask({ Origin: `http://localhost:${port()}0` })).toBe(403);
    expect(await ask({ Origin: `https://localhost:${port()}` })).toBe(403);
  });

  test(`${isAdmin ? 'refuses' : 'lets in'} the pages of listen.origins`, async () => {
    for (const origin of ['https://app.example.com', 'chrome-extension://abcdef'])
      expect(await ask({ Origin: origin })).toBe(isAdmin ? 403 : fine);
  });

  test.each([
    'evil.example',
    'evil.example:80',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.0.1',
    '8.8.8.8',
    '',
  ])(`${isOpen ? 'refuses' : 'lets in'} a Host that is no loopback name: %j`, async (host) => {
    expect(await ask({ Host: host })).toBe(isOpen ? 403 : fine);
  });

  test.each(['localhost@evil.example', 'localhost:80:80', '[::1', 'localhost, evil.example', 'localhost evil.example'])(
    'refuses a Host that is neither a name nor an address: %j',
    async (host) => {
      expect(await ask({ Host: host })).toBe(400);
    },
  );

  test.each(['localhost', 'LOCALHOST:1', 'a.localhost', '127.9.9.9', '[::1]:8080'])(
    'lets a loopback name in with any port: %s',
    async (host) => {
      expect(await ask({ Host: host })).toBe(fine);
    },
  );
});

test('takes a page of the TLS listener for one of its own', async () => {
  const port = new URL(open.tlsUrl).port;
  expect(await status(open.port, get('/console.json', { Origin: `https://localhost:${port}` }))).toBe(200);
});

test('refuses a page in the shape of the provider, and dials nothing', async () => {
  const before = provider.requests.length;
  const raw = openRaw(open.port);
  raw.send(upgradeRequest(REALTIME, { Origin: 'https://evil.example' }));
  expect((await raw.answer()).status).toBe(403);
  expect(JSON.parse((await raw.rest()).toString()).error).toMatchObject({
    type: 'permission_error',
    code: 'origin_not_allowed',
  });
  expect(provider.requests).toHaveLength(before);
});

describe('the own origins of a listener', () => {
  test.each([
    ['127.0.0.1', 8080, ['http://localhost:8080', 'http://127.0.0.1:8080', 'http://[::1]:8080']],
    ['0.0.0.0', 80, ['http://localhost', 'http://127.0.0.1', 'http://[::1]']],
    ['gateway.example.com', 8080, ['http://gateway.example.com:8080']],
    ['2001:db8::5', 8080, ['http://[2001:db8::5]:8080']],
  ])('a listener at %s:%i knows its own origins', (host, port, origins) => {
    expect(ownOrigins('http', host, port)).toEqual(origins);
  });

  test('the own origins of a listener leave out the default port, as browsers do', () => {
    expect(ownOrigins('https', 'gateway.example.com', 443)).toEqual(['https://gateway.example.com']);
    expect(ownOrigins('http', 'gateway.example.com', 443)).toEqual(['http://gateway.example.com:443']);
  });
});

test('the admin listener goes by the token in force: without one it answers to loopback names alone', async () => {
  const settings = { host: '127.0.0.1', port: 0, token: undefined as string | undefined };
  const config = { admin: settings, limits, side };
  const listener = await startAdmin(config, sources, log);
  const status = async (headers: string) => {
    const raw = openRaw(listener.port);
    raw.send(`GET /sessions HTTP/1.1\r\nHost: page.example\r\nConnection: close\r\n${headers}\r\n`);
    return (await raw.answer()).status;
  };
  expect(await status('')).toBe(403);
  settings.token = 'token-of-admin';
  expect([await status(''), await status('Authorization: Bearer token-of-admin\r\n')]).toEqual([401, 200]);
  settings.token = undefined;
  expect(await status('Authorization: Bearer token-of-admin\r\n')).toBe(403);
  await listener.close();
});
