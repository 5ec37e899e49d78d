// Checks the rooms of connections that wait and of upgrades in progress, and that what is in one takes nothing from another.

import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { createConnectionLimit } from '../../../../server/http/connection/connection-limit.ts';
import { countDescriptors, type DescriptorState } from '../../../../server/http/connection/descriptors.ts';
import { testCertificate } from '../../../support/certificate.ts';
import { openClient, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { openRaw, upgradeRequest } from '../../../support/raw-socket.ts';
import { until } from '../../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.close();
  await provider.close();
});

async function start(limits: Record<string, number>, options: Parameters<typeof startProvider>[0] = {}) {
  provider = await startProvider(options);
  gateway = await startGateway({ provider: provider.url, certificate: await testCertificate(), limits });
}

/** Opens a connection, waits for an answer on it, and leaves it open. */
async function openIdle() {
  const raw = openRaw(gateway.port);
  raw.send('GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  expect((await raw.answer()).status).toBe(404);
  return raw;
}

const waiting = () => gateway.sample('trunkline_waiting_connections');
const refused = () => gateway.sample('trunkline_refusals_total', { code: 'too_many_connections' });

test.each(['maxConnectionsPerAddress', 'maxConnections'])('over %s the oldest that is idle goes', async (limit) => {
  await start({ [limit]: 3 });
  const idle = [await openIdle(), await openIdle(), await openIdle()];
  await openIdle();
  await idle[0]?.rest();
  expect(await refused()).toBe(1);
  expect(idle[1]?.socket.readyState).toBe('open');
});

test.each([
  ['of sessions', REALTIME, 426],
  ['of plain requests', '/nowhere', 404],
])('slow heads %s lock nobody out: the oldest is told, and a whole one is served', async (_, path, status) => {
  await start({ maxConnectionsPerAddress: 3 });
  const slow = Array.from({ length: 20 }, () => openRaw(gateway.port));
  for (const raw of slow) raw.send(`GET ${path} HTTP/1.1\r\nHost: 127`);
  await until(async () => (await waiting()) + (await refused()) === 20);
  // Each has a moment for its request, however many come at once.
  await delay(150);
  const whole = openRaw(gateway.port);
  whole.send(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  expect((await whole.answer()).status).toBe(status);
  const told = await slow[0]?.answer();
  expect(told).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  expect((await slow[0]?.rest())?.toString()).toContain('too_many_connections');
  expect(await waiting()).toBeLessThanOrEqual(3);
  for (const raw of [whole, ...slow]) raw.socket.destroy();
});

test('a client that opens many connections at once is served on all of them', async () => {
  await start({ maxConnectionsPerAddress: 3 });
  const many = Array.from({ length: 50 }, () => openRaw(gateway.port));
  for (const raw of many) raw.send('GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
  const answers = await Promise.all(many.map((raw) => raw.answer()));
  expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(404));
});

test('calls and event streams in flight take no room from sessions, nor streams from calls', async () => {
  const pending: PromiseWithResolvers<void>[] = [];
  provider = await startProvider();
  gateway = await startGateway({
    provider: provider.url,
    limits: { maxConnectionsPerAddress: 5, maxConnections: 5 },
    side: { requests: 20, streams: 20 },
    askSide: async (_request, emit) => {
      emit({ status: 200, headers: {} });
      const done = Promise.withResolvers<void>();
      pending.push(done);
      await done.promise;
    },
  });
  const ask = async (path: string) => {
    const raw = openRaw(gateway.port);
    raw.send(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    return { raw, ...(await raw.answer()) };
  };
  const streams = await Promise.all(Array.from({ length: 20 }, () => ask('/v1/sessions/1/events')));
  const calls = await Promise.all(Array.from({ length: 20 }, () => ask('/v1/tasks')));
  expect([...streams, ...calls].map(({ status }) => status)).toEqual(Array(40).fill(200));
  for (let count = 0; count < 5; count++) (await openClient(gateway.url + REALTIME)).terminate();
  const [stream, call] = [await ask('/v1/sessions/1/events'), await ask('/v1/tasks')];
  expect([stream.status, call.status]).toEqual([503, 503]);
  for (const { raw } of [...streams, ...calls, stream, call]) raw.socket.destroy();
  for (const { resolve } of pending) resolve();
});

test('an address with half of the upgrades in progress is refused with an answer, and all together are', async () => {
  const pending: (() => void)[] = [];
  provider = await startProvider({
    onUpgrade(_request, _socket, accept) {
      pending.push(accept);
      return true;
    },
  });
  const listen = { trustedProxies: ['127.0.0.0/8'] };
  gateway = await startGateway({ provider: provider.url, limits: { maxUpgrades: 4 }, listen });
  const ask = (address: string) => {
    const raw = openRaw(gateway.port);
    raw.send(upgradeRequest(REALTIME, { 'X-Forwarded-For': address }));
    return raw;
  };
  const held = [ask('192.0.2.1'), ask('192.0.2.1')];
  await until(() => pending.length === 2);
  expect(await ask('192.0.2.1').answer()).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
  held.push(ask('192.0.2.2'), ask('192.0.2.2'));
  await until(() => pending.length === 4);
  expect(await ask('192.0.2.3').answer()).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  for (const accept of pending) accept();
  for (const raw of held) expect((await raw.answer()).status).toBe(101);
  // Sessions are no upgrades any longer.
  const next = ask('192.0.2.1');
  await until(() => pending.length === 5);
  pending[4]?.();
  expect((await next.answer()).status).toBe(101);
  for (const raw of [...held, next]) raw.socket.destroy();
});

test('does not count a session over TLS', async () => {
  await start({ maxConnectionsPerAddress: 1 });
  const clients = [];
  for (let index = 0; index < 5; index++) {
    clients.push(await openClient(gateway.tlsUrl + REALTIME, { rejectUnauthorized: false }));
  }
  for (const client of clients) client.terminate();
});

test('a connection that never finishes its TLS handshake goes for a newer one', async () => {
  await start({ maxConnectionsPerAddress: 1 });
  const half = openRaw(Number(new URL(gateway.tlsUrl).port));
  half.send(Buffer.from([0x16]));
  await until(async () => (await waiting()) === 1);
  await delay(150);
  const client = await openClient(gateway.tlsUrl + REALTIME, { rejectUnauthorized: false });
  expect(await half.rest()).toHaveLength(0);
  expect(await refused()).toBe(1);
  client.terminate();
});

describe('without descriptors', () => {
  const limits = { maxConnections: 100, maxConnectionsPerAddress: 100, maxUpgrades: 100 };

  /** A server that answers nothing, in front of which descriptors are left as `state` says. */
  async function listen(state: () => DescriptorState) {
    const server = createServer();
    const dropped: string[] = [];
    const onDropped = (code: string) => void dropped.push(code);
    createConnectionLimit({ limits, isProxy: () => false, descriptors: { state }, onDropped }).watch(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, dropped, port: (server.address() as AddressInfo).port };
  }

  test('a connection that would take the last of them is answered at once', async () => {
    const { server, dropped, port } = await listen(() => 'spent');
    const raws = Array.from({ length: 20 }, () => openRaw(port));
    for (const raw of raws) raw.send('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    for (const raw of raws) expect(await raw.answer()).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(String(await raws[0]?.rest())).toContain('out_of_descriptors');
    expect(dropped).toEqual(Array(20).fill('out_of_descriptors'));
    server.close();
  });

  test('the oldest connection that waits makes room for a new one', async () => {
    let state: DescriptorState = 'free';
    const { server, dropped, port } = await listen(() => state);
    const first = openRaw(port);
    await once(server, 'connection');
    state = 'tight';
    const second = openRaw(port);
    await first.rest();
    expect([second.socket.readyState, dropped]).toEqual(['open', ['too_many_connections']]);
    second.socket.destroy();
    server.close();
  });
});

test('descriptors are free until only a reserve is left, an eighth of the limit', () => {
  const lowest = openSync('/dev/null', 'r');
  closeSync(lowest);
  const limit = 8 * (lowest + 10);
  const at = (left: number) => countDescriptors(limit).state(limit - lowest - left);
  const reserve = Math.min(64, limit / 8);
  expect([reserve + 1, reserve, reserve / 2 + 1, Math.floor(reserve / 2), 0].map(at)).toEqual([
    'free',
    'tight',
    'tight',
    'spent',
    'spent',
  ]);
  expect(countDescriptors(Number.POSITIVE_INFINITY).state(1e9)).toBe('free');
});
