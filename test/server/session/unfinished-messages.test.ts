// Messages that begin and do not end: one without progress ends its session, and together they have a bounded memory.

import { afterEach, expect, test } from 'vitest';
import { limitsSchema } from '../../../server/config/schema.ts';
import { UnfinishedMessages } from '../../../server/session/unfinished-messages.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { sampleOf } from '../../support/metrics.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import {
  acceptRaw,
  closeOf,
  frameBytes,
  type RawSocket,
  upgradeRaw,
  type WireFrame,
} from '../../support/raw-socket.ts';
import { until } from '../../support/until.ts';

const [CONTINUED, TEXT, BINARY, PING] = [0, 1, 2, 9];
const KIB = 1024;
const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let provider: FakeProvider;
let gateway: TestGateway;
let stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

async function start(
  more: Record<string, unknown>,
): Promise<() => Promise<{ client: RawSocket; upstream: RawSocket }>> {
  const upstreams: RawSocket[] = [];
  provider = await startProvider({
    onUpgrade(request, socket) {
      upstreams.push(acceptRaw(request, socket));
      return true;
    },
  });
  stops.push(() => provider.close());
  gateway = await startGateway({ provider: provider.url, ...more });
  stops.push(() => gateway.close());
  return async () => {
    const count = upstreams.length;
    const client = await upgradeRaw(gateway.port, REALTIME);
    return { client, upstream: (await until(() => upstreams[count])) as RawSocket };
  };
}

function every(ms: number, work: () => void): void {
  const timer = setInterval(work, ms);
  stops.push(() => clearInterval(timer));
}

const held = () => sampleOf(gateway.gateway.metrics.registry, 'trunkline_unfinished_message_bytes');

async function nextClose(raw: RawSocket): Promise<ReturnType<typeof closeOf>> {
  let frame: WireFrame;
  do frame = await raw.frame();
  while (frame.opcode !== 8);
  return closeOf(frame);
}

const limits = { messageMs: 300, closeMs: 200 };
const plain = { masked: false };

test.each([
  ['a header that stops', frameBytes(BINARY, Buffer.alloc(200)).subarray(0, 3)],
  ['a payload that stops', frameBytes(TEXT, 'x'.repeat(200)).subarray(0, 50)],
  ['a message whose last fragment is missing', frameBytes(TEXT, 'first', { fin: false })],
  ['a ping that stops', frameBytes(PING, 'are you there').subarray(0, 8)],
])('the client of %s gets 4408', async (_, bytes) => {
  const open = await start({ limits });
  const { client, upstream } = await open();
  client.send(bytes);
  expect(await nextClose(client)).toEqual({ code: 4408, reason: 'a message made no progress' });
  await upstream.rest();
  client.socket.destroy();
  expect(await gateway.nextEnd()).toMatchObject({ reason: 'client-stalled', closeCode: 4408, mayRetry: true });
});

test('pings and empty fragments within a message are no progress', async () => {
  const open = await start({ limits: { ...limits, maxFragments: 1000 } });
  const { client } = await open();
  client.send(frameBytes(TEXT, 'first', { fin: false }));
  every(20, () => client.send(Buffer.concat([frameBytes(PING, 'here'), frameBytes(CONTINUED, '', { fin: false })])));
  expect((await nextClose(client)).code).toBe(4408);
});

test('a provider whose message makes no progress gets 4408, and its client 1011', async () => {
  const open = await start({ limits });
  const { client, upstream } = await open();
  upstream.send(frameBytes(TEXT, 'first', { ...plain, fin: false }));
  expect(await nextClose(client)).toEqual({ code: 1011, reason: 'a message of the provider made no progress' });
  expect(await nextClose(upstream)).toEqual({ code: 4408, reason: 'a message made no progress' });
  client.socket.destroy();
  expect(await gateway.nextEnd()).toMatchObject({ reason: 'provider-stalled', closeCode: 1011, mayRetry: true });
});

test('a message that comes slowly, but comes, passes as it is', async () => {
  const open = await start({ limits });
  const { client, upstream } = await open();
  const payload = Buffer.alloc(60 * KIB, 'slow speech');
  const bytes = frameBytes(BINARY, payload);
  for (let at = 0; at < bytes.length; at += 5 * KIB) {
    client.send(bytes.subarray(at, at + 5 * KIB));
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  expect(await upstream.frame()).toEqual({ opcode: BINARY, fin: true, payload });
});

test('many small messages, of which one is always unfinished, are each measured alone', async () => {
  const open = await start({ limits });
  const { client, upstream } = await open();
  const bytes = frameBytes(TEXT, 'hello');
  client.send(bytes.subarray(0, 8));
  for (let count = 0; count < 30; count++) {
    client.send(Buffer.concat([bytes.subarray(8), bytes.subarray(0, 8)]));
    expect((await upstream.frame()).payload.toString()).toBe('hello');
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
});

test('a client that waits for a slow provider has the time of its message anew', async () => {
  const open = await start({ limits: { ...limits, pauseBytes: KIB, stallMs: 60_000, pingMs: 60_000 } });
  const { client, upstream } = await open();
  upstream.socket.pause();
  const payload = Buffer.alloc(12_000 * KIB, 'abcdefg');
  client.send(frameBytes(BINARY, payload));
  await new Promise((resolve) => setTimeout(resolve, 3 * limits.messageMs));
  upstream.socket.resume();
  expect((await upstream.frame()).payload.equals(payload)).toBe(true);
});

const most = { clientMaxPayloadBytes: 64 * KIB, providerMaxPayloadBytes: 64 * KIB };

test('beyond maxUnfinishedBytes the session whose message has waited for longest gets 1013, and its memory is free', async () => {
  const open = await start({ limits: { maxUnfinishedBytes: 200 * KIB, ...most, closeMs: 200 } });
  const bytes = frameBytes(BINARY, Buffer.alloc(60 * KIB, 'held'));
  const sessions = [await open(), await open(), await open()];
  for (const [index, { client }] of sessions.entries()) {
    client.send(bytes.subarray(0, 50 * KIB));
    await until(async () => (await held()) === (index + 1) * 60 * KIB);
  }
  const last = await open();
  last.client.send(bytes.subarray(0, 50 * KIB));
  const [stalest, ...others] = sessions;
  const reason = 'no memory for unfinished messages: try again later';
  expect(await nextClose(stalest?.client as RawSocket)).toEqual({ code: 1013, reason });
  for (const { client, upstream } of [...others, last]) {
    client.send(bytes.subarray(50 * KIB));
    expect((await upstream.frame()).payload.length).toBe(60 * KIB);
  }
  expect(await held()).toBe(0);
  stalest?.client.socket.destroy();
  expect(await gateway.nextEnd()).toMatchObject({ reason: 'no-message-memory', closeCode: 1013, mayRetry: true });
});

/** A watch that is looked at by hand, four times in `messageMs`. */
function watchByHand() {
  const peer = { isPaused: false };
  let isStalled = false;
  const onStalled = () => {
    isStalled = true;
  };
  const limits = limitsSchema.parse({});
  const source = { direction: 'upstream', peer, limits, onStalled, onNoMemory: () => {} } as const;
  const watch = new UnfinishedMessages(limits).watch(source);
  stops.push(() => watch.stop());
  const looksUntilStalled = (): number => {
    for (let looks = 1; looks < 100; looks++) {
      watch.look();
      if (isStalled) return looks;
    }
    throw new Error('it never stalled');
  };
  return { watch, peer, looksUntilStalled, isStalled: () => isStalled };
}

test('a message has all of its time from the look that first sees it, or sees its sender read again', () => {
  const { watch, peer, looksUntilStalled } = watchByHand();
  watch.look();
  watch.newReader().read(frameBytes(TEXT, 'first', { fin: false }), 0);
  for (let looks = 0; looks < 4; looks++) watch.look();
  peer.isPaused = true;
  watch.look();
  peer.isPaused = false;
  expect(looksUntilStalled()).toBe(5);
});

test('a message whose reader is a new one is measured alone', () => {
  const { watch, isStalled } = watchByHand();
  const former = watch.newReader(() => () => {});
  const bytes = frameBytes(TEXT, 'x'.repeat(1000 * KIB));
  former.read(bytes.subarray(0, 900 * KIB), 0);
  watch.look();
  former.read(bytes.subarray(900 * KIB), 0);
  const reader = watch.newReader(undefined, former);
  for (let at = 0; at < 900 * KIB; at += 100 * KIB) {
    reader.read(bytes.subarray(at, at + 100 * KIB), 0);
    watch.look();
  }
  expect(isStalled()).toBe(false);
});
