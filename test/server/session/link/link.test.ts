// Back pressure: the source waits for a slower target, nothing is lost, and only a target that takes nothing ends the session.

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { testCertificate } from '../../../support/certificate.ts';
import { heldBack, readSlowly } from '../../../support/flow.ts';
import { openClient, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { sampleOf } from '../../../support/metrics.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { acceptRaw, closeBytes, type RawSocket, socketOf } from '../../../support/raw-socket.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const KIB = 1024;
const MIB = 1024 * KIB;
let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.close();
  await provider.close();
});

interface Ends {
  readonly client: WebSocket;
  readonly upstream: WebSocket;
}

async function open(limits: Record<string, number>, tls = false): Promise<Ends> {
  const certificate = await testCertificate();
  provider = await startProvider();
  gateway = await startGateway({ provider: provider.url, certificate, limits: { closeMs: 300, ...limits } });
  const client = await openClient((tls ? gateway.tlsUrl : gateway.url) + REALTIME, {
    ca: readFileSync(certificate.caPath),
    maxPayload: 64 * MIB,
  });
  return { client, upstream: await provider.next() };
}

/** The end that sends and the end that is slow, by direction. */
const directions: [string, (ends: Ends) => { source: WebSocket; target: WebSocket }][] = [
  ['downstream', ({ client, upstream }) => ({ source: upstream, target: client })],
  ['upstream', ({ client, upstream }) => ({ source: client, target: upstream })],
];

/** Numbered, so that a lost or doubled one shows. */
function flood(source: WebSocket, count: number, length: number): void {
  for (let index = 0; index < count; index++) source.send(`${index} `.padEnd(length, 'x'));
}

async function expectFlood(target: WebSocket, count: number, length: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const { data } = await message(target);
    if (data.length !== length || !data.toString('latin1', 0, 12).startsWith(`${index} `))
      throw new Error(`expected frame ${index}, got ${data.toString('latin1', 0, 12)} of ${data.length} bytes`);
  }
}

describe.each(directions)('%s', (direction, ofEnds) => {
  test('pauses the source while the target does not read, and loses nothing', async () => {
    const { source, target } = ofEnds(await open({}));
    target.pause();
    flood(source, 600, 64 * KIB);
    await heldBack(source);
    const [record] = gateway.gateway.records();
    expect(record?.bytes[direction as 'upstream']).toBeLessThan(20 * MIB);
    target.resume();
    await expectFlood(target, 600, 64 * KIB);
    expect(gateway.gateway.records()[0]?.state).toBe('open');
  });

  test('relays a close behind the frames that are queued', async () => {
    const { source, target } = ofEnds(await open({}));
    target.pause();
    flood(source, 300, 64 * KIB);
    source.close(4001, 'done');
    await heldBack(source);
    target.resume();
    await expectFlood(target, 300, 64 * KIB);
    expect(await closed(target)).toEqual({ code: 4001, reason: 'done' });
  });

  test('queues no more than pauseBytes and one read, whatever the size of the frames', async () => {
    const { source, target } = ofEnds(await open({ pauseBytes: KIB }));
    target.pause();
    flood(source, 3, 15 * MIB);
    await heldBack(source);
    const [record] = gateway.gateway.records();
    // The kernel's own buffers take a few MiB on the way; the frame that is passing is not held.
    expect(record?.frames[direction as 'upstream']).toBe(0);
    expect(record?.state).toBe('open');
    target.resume();
    await expectFlood(target, 3, 15 * MIB);
  });

  test('passes a frame that is larger than every other limit', async () => {
    const { source, target } = ofEnds(await open({ pauseBytes: KIB }));
    flood(source, 3, 15 * MIB);
    await expectFlood(target, 3, 15 * MIB);
  });
});

test('closes a client that takes nothing for stallMs with 4008, also in the log and in the metrics', async () => {
  const { client, upstream } = await open({ stallMs: 200 });
  client.pause();
  flood(upstream, 300, 64 * KIB);
  const record = await gateway.nextEnd();
  expect(record).toMatchObject({ reason: 'client-slow', closeCode: 4008, mayRetry: true });
  expect(await closed(upstream)).toEqual({ code: 1001, reason: 'the session ended' });
  expect(gateway.lines.find(({ msg }) => msg === 'session ended')).toMatchObject({
    id: record.id,
    reason: 'client-slow',
    closeCode: 4008,
  });
  const labels = { reason: 'client-slow', code: 4008 };
  expect(await sampleOf(gateway.gateway.metrics.registry, 'trunkline_closes_total', labels)).toBe(1);
});

test('closes a provider that takes nothing for stallMs with 4008, and tells the client why', async () => {
  const { client, upstream } = await open({ stallMs: 200 });
  upstream.pause();
  flood(client, 300, 64 * KIB);
  expect(await gateway.nextEnd()).toMatchObject({ reason: 'provider-slow', closeCode: 1011, mayRetry: true });
  expect(await closed(client)).toEqual({ code: 1011, reason: 'the provider reads too slowly' });
});

test.each([
  ['TCP', false],
  ['TLS', true],
])('keeps a client that reads steadily, though a frame takes longer than stallMs: %s', async (_, tls) => {
  const stallMs = 1000;
  const { client, upstream } = await open({ stallMs, pingMs: 60_000 }, tls);
  flood(upstream, 2, 15 * MIB);
  const startedAt = performance.now();
  const { read } = await readSlowly(socketOf(client), { bytesPerTurn: 64 * KIB, total: 30 * MIB });
  expect(read).toBeGreaterThanOrEqual(30 * MIB);
  expect(gateway.gateway.records()[0]?.state).toBe('open');
  // The test shows nothing when it was quicker than that.
  expect(performance.now() - startedAt).toBeGreaterThan(2 * stallMs);
  client.terminate();
});

test('sends a close behind the queue, though that takes longer than closeMs', async () => {
  const { client, upstream } = await open({ closeMs: 50 });
  flood(upstream, 1, 15 * MIB);
  upstream.close(4001, 'done');
  const expected = closeBytes(4001, 'done', { masked: false });
  // A header of 10 bytes, the frame, and the close.
  const total = 10 + 15 * MIB + expected.length;
  const { read, last } = await readSlowly(socketOf(client), { bytesPerTurn: 128 * KIB, total });
  expect(read).toBe(total);
  expect(last.subarray(-expected.length)).toEqual(expected);
});

test('drops frames for an end that is closing, and does not count them', async () => {
  const { promise, resolve } = Promise.withResolvers<RawSocket>();
  provider = await startProvider({
    onUpgrade(request, socket) {
      resolve(acceptRaw(request, socket));
      return true;
    },
  });
  gateway = await startGateway({ provider: provider.url, limits: { closeMs: 500, stallMs: 100 } });
  const client = await openClient(gateway.url + REALTIME);
  const upstream = await promise;
  upstream.send(closeBytes(4001, 'bye', { masked: false }));
  // The provider keeps its connection open, and the client talks on.
  await upstream.frame();
  const talk = setInterval(() => client.send('x'.repeat(1000)), 5);
  expect(await closed(client)).toEqual({ code: 4001, reason: 'bye' });
  clearInterval(talk);
  expect(await gateway.nextEnd()).toMatchObject({
    reason: 'provider-closed',
    closeCode: 4001,
    frames: { upstream: 0, downstream: 0 },
  });
});

test('slows a flood of tiny frames to maxFramesPerSecond, loses none, and serves other sessions meanwhile', async () => {
  const { client, upstream } = await open({});
  const honest = await openClient(gateway.url + REALTIME);
  const other = await provider.next();
  for (let index = 0; index < 20_000; index++) client.send('x');
  for (let index = 0; index < 20; index++) {
    honest.send(`${index}`);
    expect((await message(other)).data.toString()).toBe(`${index}`);
  }
  const flooded = () => gateway.gateway.records().find(({ bytes }) => bytes.upstream > 100)?.frames.upstream ?? 0;
  expect(flooded()).toBeLessThan(20_000);
  for (let index = 0; index < 20_000; index++) await message(upstream);
  expect(flooded()).toBe(20_000);
});
