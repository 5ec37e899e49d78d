// The pool of connections that wait for a session, seen from a provider that counts them. Only the timers of the pool are not real.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConnectionPool, type PoolTarget } from '../../../server/transport/connection-pool.ts';
import { testCertificate } from '../../support/certificate.ts';
import { until } from '../../support/until.ts';

const MAX_AGE_MS = 30_000;
let pool: ConnectionPool;
let server: Server;
/** Every connection that the provider got, oldest first. */
let arrived: Socket[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  pool = new ConnectionPool();
  arrived = [];
});

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  pool.close();
  for (const socket of arrived) socket.destroy();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
});

async function listen(created: Server, onConnection: (socket: Socket) => void = () => {}): Promise<number> {
  server = created;
  server.on('connection', (socket: Socket) => {
    arrived.push(socket);
    // Read, so that its end is noticed.
    socket.on('error', () => {}).resume();
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A provider, and how it is reached. */
async function provide(
  onConnection?: (socket: Socket) => void,
  overrides: Partial<PoolTarget> = {},
): Promise<PoolTarget> {
  const port = await listen(createServer(), onConnection);
  const url = `ws://127.0.0.1:${port}/v1/realtime?model=a`;
  return { url, allowPrivate: true, connections: 2, maxAgeMs: MAX_AGE_MS, ...overrides };
}

const open = () => arrived.filter((socket) => !socket.destroyed);
const arrivals = (count: number) => until(() => arrived.length === count);

/** The next connection that is ready. */
const taken = (target: PoolTarget) => until(() => pool.take(target));

/** Waits for a number of timers: a lost connection leaves that of the pause, one that waits that of its age. */
const timers = (count: number) => until(() => vi.getTimerCount() === count);

describe('opening', () => {
  test('opens connections to an origin that had a session, and to no other', async () => {
    const target = await provide();
    expect(pool.take(target)).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
    pool.used(target, 'cold');
    await arrivals(2);
    // Every URL of the origin is served by them.
    const socket = await taken({ ...target, url: target.url.replace('/v1/realtime?model=a', '/other') });
    expect(arrived.map(({ remotePort }) => remotePort)).toContain(socket.localPort);
    expect(pool.take({ ...target, url: 'ws://127.0.0.2:9/' })).toBeUndefined();
    socket.destroy();
  });

  test('opens as many connections as the configuration says, however many sessions there were', async () => {
    const target = await provide(undefined, { connections: 3 });
    for (let sessions = 0; sessions < 20; sessions++) pool.used(target, 'cold');
    const sockets = [await taken(target), await taken(target), await taken(target)];
    expect(pool.take(target)).toBeUndefined();
    await arrivals(3);
    for (const socket of sockets) socket.destroy();
  });

  test('replaces a connection that was taken', async () => {
    const target = await provide();
    pool.used(target, 'cold');
    const first = await taken(target);
    pool.used(target, 'warm');
    await arrivals(3);
    first.destroy();
  });

  test('drops those that wait when it is told to, and opens others where a session is', async () => {
    const target = await provide();
    pool.used(target, 'cold');
    await taken(target).then((socket) => socket.destroy());
    await arrivals(2);
    pool.forget();
    await until(() => open().length === 0);
    expect([pool.take(target), vi.getTimerCount()]).toEqual([undefined, 0]);
    pool.used(target, 'cold');
    await arrivals(4);
  });

  test('opens no connection where the configuration says none', async () => {
    const target = await provide(undefined, { connections: 0 });
    pool.used(target, 'cold');
    expect(vi.getTimerCount()).toBe(0);
    expect(pool.take(target)).toBeUndefined();
  });

  test('drops the connections that wait when it is closed, and opens none afterwards', async () => {
    const target = await provide();
    pool.used(target, 'cold');
    await arrivals(2);
    pool.close();
    await until(() => open().length === 0);
    pool.used(target, 'cold');
    expect(pool.take(target)).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('hands out a connection without a listener or a timer of the pool, which carries bytes both ways', async () => {
  const target = await provide((socket) => socket.on('data', () => socket.write('world')), { connections: 1 });
  pool.used(target, 'cold');
  const socket = await taken(target);
  expect(socket.eventNames().filter((name) => ['close', 'readable', 'connect'].includes(String(name)))).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
  socket.write('hello');
  const [bytes] = await once(socket, 'data');
  expect(String(bytes)).toBe('world');
  socket.destroy();
});

describe('dropping', () => {
  test('replaces a connection that reached its age', async () => {
    const target = await provide();
    pool.used(target, 'cold');
    await taken(target).then((socket) => socket.destroy());
    await timers(1);
    await until(() => open().length === 1);
    vi.advanceTimersByTime(MAX_AGE_MS);
    await arrivals(4);
    await until(() => open().length === 2);
  });

  test('replaces no connection that reached its age when the last session was long ago', async () => {
    const target = await provide();
    pool.used(target, 'cold');
    await arrivals(2);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 600_000);
    vi.advanceTimersByTime(MAX_AGE_MS);
    expect(vi.getTimerCount()).toBe(0);
    await until(() => open().length === 0);
    expect(arrived).toHaveLength(2);
  });

  test.each<[string, (socket: Socket) => void]>([
    ['when the provider closes it', (socket) => socket.end()],
    ['when the provider resets it', (socket) => socket.resetAndDestroy()],
    ['when the provider speaks first', (socket) => socket.write('220 hello')],
  ])('replaces a connection after a pause that grows %s', async (_, act) => {
    const target = await provide(act);
    pool.used(target, 'cold');
    for (const [round, pauseMs] of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000].entries()) {
      await arrivals(2 * (round + 1));
      // The timer of the pause is left once both connections are gone.
      await timers(1);
      expect(pool.take(target)).toBeUndefined();
      pool.used(target, 'cold');
      vi.advanceTimersByTime(pauseMs - 1);
      expect(vi.getTimerCount()).toBe(1);
      vi.advanceTimersByTime(1);
    }
  });

  test('tries again after a pause, without an error, while nobody listens', async () => {
    const target = await provide();
    await new Promise((resolve) => server.close(resolve));
    pool.used(target, 'cold');
    await timers(1);
    vi.advanceTimersByTime(999);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1);
    // Two that try, which refused ones are not for long.
    expect(vi.getTimerCount()).toBe(2);
    await timers(1);
  });

  test('replaces a connection that does not come up within its age after a pause', async () => {
    // It accepts, and never answers the TLS handshake.
    const target = await provide();
    pool.used({ ...target, url: target.url.replace('ws:', 'wss:') }, 'cold');
    await arrivals(2);
    expect(pool.take({ ...target, url: target.url.replace('ws:', 'wss:') })).toBeUndefined();
    vi.advanceTimersByTime(MAX_AGE_MS);
    expect(vi.getTimerCount()).toBe(1);
    await until(() => open().length === 0);
    vi.advanceTimersByTime(1000);
    await arrivals(4);
  });
});

test('pauses after a connection that was of no use, and ends the growth of the pause after one that served', async () => {
  const target = await provide();
  pool.used(target, 'stale');
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1000);
  await arrivals(2);
  await taken(target).then((socket) => socket.destroy());
  pool.used(target, 'warm');
  await arrivals(3);
  // The first pause again.
  for (const socket of arrived) socket.destroy();
  await timers(1);
  vi.advanceTimersByTime(1000);
  await arrivals(5);
});

describe('the rule for private addresses', () => {
  test('holds for connections that are opened ahead', async () => {
    const target = await provide(undefined, { allowPrivate: false });
    for (const host of ['127.0.0.1', 'localhost']) {
      pool.used({ ...target, url: target.url.replace('127.0.0.1', host) }, 'cold');
      // The timer of the pause is left of each origin.
      await timers(host === 'localhost' ? 2 : 1);
    }
    expect(arrived).toEqual([]);
  });

  test('keeps connections to private addresses apart from those to public ones of the same origin', async () => {
    const target = await provide();
    pool.used(target, 'cold');
    const socket = await taken(target);
    expect(pool.take({ ...target, allowPrivate: false })).toBeUndefined();
    socket.destroy();
  });
});

describe('TLS', () => {
  const before = getCACertificates('default');

  afterEach(() => setDefaultCACertificates(before));

  async function provideTls(): Promise<PoolTarget> {
    const { certPath, keyPath, caPath } = await testCertificate();
    const tls = createTlsServer({ cert: readFileSync(certPath), key: readFileSync(keyPath) });
    tls.on('tlsClientError', () => {});
    tls.on('secureConnection', (socket) => socket.on('error', () => {}).on('data', () => socket.write('world')));
    const port = await listen(tls);
    setDefaultCACertificates([...before, readFileSync(caPath, 'utf8')]);
    return { url: `wss://127.0.0.1:${port}/`, allowPrivate: true, connections: 1, maxAgeMs: MAX_AGE_MS };
  }

  test('has finished its handshake on a connection that is taken', async () => {
    const target = await provideTls();
    pool.used(target, 'cold');
    const socket = await taken(target);
    expect(socket).toMatchObject({ encrypted: true, authorized: true });
    socket.write('hello');
    const [bytes] = await once(socket, 'data');
    expect(String(bytes)).toBe('world');
    socket.destroy();
  });

  test('drops a connection whose certificate is not trusted', async () => {
    const target = await provideTls();
    setDefaultCACertificates(before);
    pool.used(target, 'cold');
    await arrivals(1);
    await until(() => open().length === 0);
    expect(pool.take(target)).toBeUndefined();
    expect(vi.getTimerCount()).toBe(1);
  });
});
