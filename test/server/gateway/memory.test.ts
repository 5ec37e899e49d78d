// Checks the memory that a peer can make the gateway hold, read from a gateway in a process of its own.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { heldBack } from '../../support/flow.ts';
import { openClient } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { closeOf, frameBytes, openRaw, upgradeRaw, upgradeRequest } from '../../support/raw-socket.ts';
import { type Served, serve } from '../../support/served.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const MIB = 1024 * 1024;
/** Growth that V8 may need by itself; a flood would take many times that. */
const GROWTH_BYTES = 40 * MIB;
let provider: FakeProvider;
let gateway: Served;
let isAccepting = true;

beforeAll(async () => {
  provider = await startProvider({ onUpgrade: () => !isAccepting });
  gateway = await serve({
    provider: provider.url,
    limits: { stallMs: 600_000, dialMs: 600_000, maxFramesPerSecond: 1_000_000 },
  });
  await warmUp();
});

afterAll(async () => {
  await gateway.stop();
  await provider.close();
});

/** Runs the code and fills the pools once, so that later growth is that of the flood. */
async function warmUp(): Promise<void> {
  const client = await openClient(gateway.url + REALTIME);
  const upstream = await provider.next();
  for (let index = 0; index < 400; index++) upstream.send(Buffer.alloc(128 * 1024));
  for (let index = 0; index < 400; index++) await message(client);
  client.close();
  await closed(client);
  await gateway.metric('trunkline_sessions');
}

const resident = () => gateway.metric('process_resident_memory_bytes');

/** Largest growth while some work goes on. */
async function growthDuring(work: () => Promise<unknown>): Promise<number> {
  const before = await resident();
  let largest = 0;
  let isOver = false;
  const watch = async () => {
    while (!isOver) largest = Math.max(largest, (await resident()) - before);
  };
  const watching = watch();
  await work();
  isOver = true;
  await watching;
  return Math.max(largest, (await resident()) - before);
}

test('stays bounded for a client that stops reading a flood of 200 MB', async () => {
  const client = await openClient(gateway.url + REALTIME);
  const upstream = await provider.next();
  client.pause();
  const growth = await growthDuring(async () => {
    for (let index = 0; index < 1600; index++) upstream.send(Buffer.alloc(128 * 1024));
    await heldBack(upstream);
  });
  expect(growth).toBeLessThan(GROWTH_BYTES);
  expect(upstream.bufferedAmount).toBeGreaterThan(150 * MIB);
  expect((await gateway.sessions())[0]?.state).toBe('open');
  client.terminate();
  expect((await closed(upstream)).code).toBe(1011);
});

test('stays bounded for a provider that stops reading a flood of 200 MB', async () => {
  const client = await openClient(gateway.url + REALTIME);
  const upstream = await provider.next();
  upstream.pause();
  const growth = await growthDuring(async () => {
    for (let index = 0; index < 1600; index++) client.send(Buffer.alloc(128 * 1024));
    await heldBack(client);
  });
  expect(growth).toBeLessThan(GROWTH_BYTES);
  expect(client.bufferedAmount).toBeGreaterThan(150 * MIB);
  upstream.terminate();
  await closed(client);
});

test('stays bounded for a client that sends before its 101, while the provider never answers', async () => {
  isAccepting = false;
  const client = openRaw(gateway.run.listen.port);
  const growth = await growthDuring(async () => {
    client.send(upgradeRequest(REALTIME));
    for (let index = 0; index < 1600; index++) client.send(frameBytes(2, Buffer.alloc(128 * 1024)));
    let before = -1;
    await until(async () => {
      const isStill = client.socket.writableLength === before;
      before = client.socket.writableLength;
      await resident();
      return isStill;
    });
  });
  expect(growth).toBeLessThan(GROWTH_BYTES);
  expect(client.socket.writableLength).toBeGreaterThan(150 * MIB);
  client.socket.destroy();
  isAccepting = true;
});

test('stays bounded for 5.6 MB of fragments of one byte', async () => {
  const client = await upgradeRaw(gateway.run.listen.port, REALTIME);
  const fragment = frameBytes(0, 'x', { fin: false });
  const flood = Buffer.alloc(5_600_000 - (5_600_000 % fragment.length), fragment);
  const growth = await growthDuring(async () => {
    client.send(frameBytes(1, 'x', { fin: false }));
    client.send(flood);
    expect(closeOf(await client.frame())).toEqual({ code: 1008, reason: '' });
  });
  expect(growth).toBeLessThan(GROWTH_BYTES);
  client.socket.destroy();
});

test('stays bounded for a flood of pings whose answers are not read', async () => {
  const client = await upgradeRaw(gateway.run.listen.port, REALTIME);
  client.socket.pause();
  const ping = frameBytes(9, 'x'.repeat(125));
  const growth = await growthDuring(async () => {
    client.send(Buffer.alloc(ping.length * 500_000, ping));
    await until(() => client.socket.writableLength === 0);
  });
  expect(growth).toBeLessThan(GROWTH_BYTES);
  expect(await gateway.sessions()).toHaveLength(1);
  client.socket.destroy();
});
