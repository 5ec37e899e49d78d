// Sessions on connections that were opened ahead of them, seen from a provider that knows which connection is which.

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { testCertificate } from '../../support/certificate.ts';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { sampleOf } from '../../support/metrics.ts';
import { type FakeProvider, type FakeProviderOptions, startProvider } from '../../support/provider.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  vi.restoreAllMocks();
  await gateway.close();
  await provider.close();
});

async function start(options: FakeProviderOptions = {}, warm: object = {}, limits: object = {}): Promise<void> {
  provider = await startProvider(options);
  const openai = { baseUrl: provider.url, apiKey: 'provider-secret', allowPrivate: true, preconnect: warm };
  gateway = await startGateway({ providers: { openai }, limits });
}

const client = () => openClient(gateway.url + REALTIME);

/** Counts the providers that were dialled like this. */
const dialled = (connection: 'warm' | 'cold' | 'stale') =>
  sampleOf(gateway.gateway.metrics.registry, 'trunkline_dials_total', { connection });

/** The connections that wait for a session once `count` of them do. */
async function waiting(count: number): Promise<ReadonlySet<Socket>> {
  await until(() => provider.connections.size === provider.sockets.size + count);
  const upgraded = new Set(provider.requests.map(({ socket }) => socket));
  return new Set([...provider.connections].filter((socket) => !upgraded.has(socket)));
}

/** A provider that takes the first session, and treats the upgrades after it like this. */
const afterFirst = (act: (socket: Socket, count: number, accept: () => void) => void): FakeProviderOptions => {
  let count = 0;
  return {
    onUpgrade(_request, socket, accept) {
      count += 1;
      if (count > 1) act(socket, count, accept);
      else accept();
      return true;
    },
  };
};

test('opens a session after the first one on a connection that was open before it', async () => {
  await start();
  const clients: WebSocket[] = [await client()];
  for (let session = 2; session < 6; session++) {
    const ready = await waiting(2);
    clients.push(await client());
    expect([...ready]).toContain(provider.requests.at(-1)?.socket);
  }
  expect(await dialled('cold')).toBe(1);
  expect(await dialled('warm')).toBe(4);
  for (const ws of clients) ws.terminate();
});

test('passes the same bytes on a connection that was opened ahead as on any', async () => {
  await start({ onSession: (ws) => ws.send('early') });
  const first = await client();
  await waiting(2);
  const second = await client();
  const { method, url, headers, rawHeaders } = provider.requests[1] ?? {};
  expect({ method, url }).toEqual({ method: 'GET', url: REALTIME });
  expect(headers?.authorization).toBe('Bearer provider-secret');
  const names = (all: readonly string[] = []) => all.filter((_, index) => index % 2 === 0);
  expect(names(rawHeaders)).toEqual(names(provider.requests[0]?.rawHeaders));
  expect(String((await message(second)).data)).toBe('early');
  first.terminate();
  second.terminate();
});

test('serves a burst with the connections that are ready, and dials for the rest', async () => {
  const held: (() => void)[] = [];
  const hold = (_socket: Socket, _count: number, accept: () => void): void => {
    held.push(accept);
    if (held.length === 8) for (const release of held) release();
  };
  await start(afterFirst(hold), { connections: 3 });
  const first = await client();
  await waiting(3);
  const clients = await Promise.all(Array.from({ length: 8 }, client));
  expect(await dialled('warm')).toBe(3);
  expect(await dialled('cold')).toBe(6);
  await waiting(3);
  for (const ws of [first, ...clients]) ws.terminate();
});

describe('a connection that the provider closes at the moment of its use', () => {
  test.each<[string, (socket: Socket) => void]>([
    ['closed', (socket) => socket.end()],
    ['destroyed', (socket) => socket.destroy()],
    ['reset', (socket) => socket.resetAndDestroy()],
  ])('is dialled anew without the client noticing: %s', async (_, act) => {
    const idle = new Set<Socket>();
    await start(afterFirst((socket, _count, accept) => (idle.has(socket) ? act(socket) : accept())));
    const first = await client();
    for (const socket of await waiting(2)) idle.add(socket);
    const second = await client();
    second.send('hello');
    await provider.next();
    expect(String((await message(await provider.next())).data)).toBe('hello');
    expect(provider.requests).toHaveLength(3);
    expect(await dialled('stale')).toBe(1);
    first.terminate();
    second.terminate();
  });

  test('is dialled anew once, not more often', async () => {
    await start(afterFirst((socket) => socket.destroy()));
    const first = await client();
    await waiting(2);
    const { status } = await refusedUpgrade(gateway.url + REALTIME);
    expect(status).toBe(502);
    expect(provider.requests).toHaveLength(3);
    first.terminate();
  });

  test('is not dialled anew once an answer has begun', async () => {
    await start(afterFirst((socket) => socket.end('HTTP/1.1 101 Switch')));
    const first = await client();
    await waiting(2);
    const { status } = await refusedUpgrade(gateway.url + REALTIME);
    expect(status).toBe(502);
    expect(provider.requests).toHaveLength(2);
    first.terminate();
  });

  test('is not dialled anew when the client has left', async () => {
    await start(afterFirst(() => {}));
    const first = await client();
    await waiting(2);
    const second = new WebSocket(gateway.url + REALTIME).on('error', () => {});
    await until(() => provider.requests.length === 2);
    second.terminate();
    await until(async () => (await dialled('warm')) === 1);
    expect(provider.requests).toHaveLength(2);
    first.terminate();
  });

  test('is dialled anew within the same deadline', async () => {
    const late = (): void => void vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 599_950);
    const { onUpgrade } = afterFirst((socket, count) => {
      // The first one breaks off late, the second one never answers.
      if (count === 2) {
        late();
        socket.destroy();
      }
    });
    await start({ onUpgrade }, {}, { dialMs: 600_000 });
    const first = await client();
    await waiting(2);
    const { status } = await refusedUpgrade(gateway.url + REALTIME);
    expect(status).toBe(504);
    expect(provider.requests).toHaveLength(3);
    first.terminate();
  });
});

test('relays the refusal of a provider on a connection that was opened ahead', async () => {
  await start(afterFirst((socket) => socket.end('HTTP/1.1 429 Later\r\nContent-Length: 4\r\n\r\nlate')));
  const first = await client();
  await waiting(2);
  expect(await refusedUpgrade(gateway.url + REALTIME)).toMatchObject({ status: 429, body: 'late' });
  expect(await dialled('warm')).toBe(1);
  first.terminate();
});

describe('preconnecting', () => {
  /** Opens some sessions, one after the other. */
  async function openSome(): Promise<void> {
    for (let session = 0; session < 5; session++) {
      const ws = await client();
      ws.close();
      await closed(ws);
    }
  }

  test('is off where the configuration says so', async () => {
    await start({}, { connections: 0 });
    await openSome();
    expect(await dialled('cold')).toBe(5);
    await waiting(0);
  });

  test('is off for the rehearsal provider', async () => {
    provider = await startProvider();
    gateway = await startGateway({});
    gateway.gateway.useRehearsal(provider.url);
    await openSome();
    expect(await dialled('cold')).toBe(5);
    await waiting(0);
  });

  test('is off while the provider refuses', async () => {
    await start({
      onUpgrade: (_request, socket) => socket.end('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n') !== null,
    });
    for (let attempt = 0; attempt < 5; attempt++)
      expect((await refusedUpgrade(gateway.url + REALTIME)).status).toBe(401);
    expect(await dialled('cold')).toBe(5);
    await waiting(0);
  });

  test('stops while the gateway drains, and closes the connections that wait, but no session', async () => {
    await start();
    const ws = await client();
    await waiting(2);
    const drained = gateway.gateway.drain();
    await waiting(0);
    expect(provider.sockets.size).toBe(1);
    ws.close();
    await drained;
    await until(() => provider.connections.size === 0);
  });

  test('stops once the gateway is closed', async () => {
    await start();
    const ws = await client();
    await waiting(2);
    ws.terminate();
    await gateway.close();
    await until(() => provider.connections.size === 0);
  });
});

describe('TLS', () => {
  const before = getCACertificates('default');

  afterEach(() => setDefaultCACertificates(before));

  test('finishes its handshake before the session comes', async () => {
    const { certPath, keyPath, caPath } = await testCertificate();
    setDefaultCACertificates([...before, readFileSync(caPath, 'utf8')]);
    provider = await startProvider({}, { cert: readFileSync(certPath), key: readFileSync(keyPath) });
    const openai = { baseUrl: provider.url, apiKey: 'provider-secret', allowPrivate: true };
    gateway = await startGateway({ providers: { openai } });
    const first = await client();
    const ready = await waiting(2);
    const second = await client();
    expect([...ready]).toContain(provider.requests[1]?.socket);
    second.send('hello');
    await provider.next();
    expect(String((await message(await provider.next())).data)).toBe('hello');
    first.terminate();
    second.terminate();
  });
});
