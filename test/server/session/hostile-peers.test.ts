// Peers that break the protocol on purpose: each gets the code of its fault, its other end is closed, and no other session notices.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { openClient, startGateway, type TestGateway } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { seededRandom } from '../../support/random.ts';
import {
  acceptRaw,
  closeBytes,
  closeOf,
  type FrameOptions,
  frameBytes,
  openRaw,
  type RawSocket,
  upgradeRaw,
  upgradeRequest,
  type WireFrame,
} from '../../support/raw-socket.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const limits = {
  clientMaxPayloadBytes: 10_000,
  providerMaxPayloadBytes: 20_000,
  maxFragments: 4,
  maxBufferedChunks: 8,
  closeMs: 200,
};
let provider: FakeProvider;
let gateway: TestGateway;
let onRawProvider: ((raw: RawSocket) => void) | undefined;
let bystander: { client: WebSocket; upstream: WebSocket };

beforeAll(async () => {
  provider = await startProvider({
    onUpgrade(request, socket) {
      const take = onRawProvider;
      onRawProvider = undefined;
      take?.(acceptRaw(request, socket));
      return take !== undefined;
    },
  });
  gateway = await startGateway({ provider: provider.url, limits });
  bystander = { client: await openClient(gateway.url + REALTIME), upstream: await provider.next() };
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});

beforeEach(() => {
  onRawProvider = undefined;
});

/** Another session goes on, in both directions. */
afterEach(async () => {
  const { client, upstream } = bystander;
  client.send('up');
  expect((await message(upstream)).data.toString()).toBe('up');
  upstream.send('down');
  expect((await message(client)).data.toString()).toBe('down');
  expect(gateway.gateway.records().length).toBe(1);
});

async function nextClose(raw: RawSocket): Promise<ReturnType<typeof closeOf>> {
  let frame: WireFrame;
  do frame = await raw.frame();
  while (frame.opcode !== 8);
  return closeOf(frame);
}

type Fault = [what: string, bytes: (options: FrameOptions) => Buffer, code: number];

const notUtf8: [string, number[]][] = [
  ['a lone continuation byte', [0x80]],
  ['a byte that is never used', [0x61, 0xff]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['beyond the last code point', [0xf4, 0x90, 0x80, 0x80]],
  ['a character that is cut off', [0x61, 0xe2, 0x82]],
];

const faults: Fault[] = [
  ...[1, 2, 3, 4, 5, 6, 7].map(
    (rsv): Fault => [`reserved bits ${rsv}`, (o) => frameBytes(1, 'x', { ...o, rsv }), 1002],
  ),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode): Fault => [`opcode ${opcode}`, (o) => frameBytes(opcode, 'x', o), 1002],
  ),
  ['a continuation of nothing', (o) => frameBytes(0, 'x', o), 1002],
  [
    'a new message inside a fragmented one',
    (o) => Buffer.concat([frameBytes(1, 'x', { ...o, fin: false }), frameBytes(1, 'x', o)]),
    1002,
  ],
  ['a ping in fragments', (o) => frameBytes(9, 'x', { ...o, fin: false }), 1002],
  ['a close in fragments', (o) => frameBytes(8, '', { ...o, fin: false }), 1002],
  ['a ping of 126 bytes', (o) => frameBytes(9, 'x'.repeat(126), o), 1002],
  ['a pong of 70,000 bytes', (o) => frameBytes(10, 'x'.repeat(70_000), o), 1002],
  ['a close of 126 bytes', (o) => closeBytes(1000, 'x'.repeat(124), o), 1002],
  ...notUtf8.map(([what, bytes]): Fault => [`text with ${what}`, (o) => frameBytes(1, Buffer.from(bytes), o), 1007]),
  ...notUtf8.map(
    ([what, bytes]): Fault => [`a close reason with ${what}`, (o) => closeBytes(1000, Buffer.from(bytes), o), 1007],
  ),
  [
    'text that is invalid across fragments',
    (o) => Buffer.concat([frameBytes(1, Buffer.from([0xe2]), { ...o, fin: false }), frameBytes(0, 'x', o)]),
    1007,
  ],
  ['a length beyond every limit', (o) => frameBytes(2, '', { ...o, claimed: 2 ** 40 }), 1009],
  [
    'an impossible length',
    (o) => withLength(frameBytes(2, '', { ...o, claimed: 70_000 }), 0xffff_ffff_ffff_ffffn),
    1009,
  ],
  [
    'one fragment too many',
    (o) =>
      Buffer.concat([
        frameBytes(1, 'x', { ...o, fin: false }),
        ...Array.from({ length: 4 }, () => frameBytes(0, 'x', { ...o, fin: false })),
      ]),
    1008,
  ],
  [
    'fragments that are too large together',
    (o) =>
      Buffer.concat([
        frameBytes(2, Buffer.alloc(9000), { ...o, fin: false }),
        frameBytes(0, '', { ...o, claimed: 12_000 }),
      ]),
    1009,
  ],
];

/** Overwrites the eight bytes of an extended length. */
function withLength(frame: Buffer, length: bigint): Buffer {
  const copy = Buffer.from(frame);
  copy.writeBigUInt64BE(length, 2);
  return copy;
}

describe('a client that sends', () => {
  const own: Fault[] = [
    ...faults,
    ['an unmasked frame', () => frameBytes(1, 'x', { masked: false }), 1002],
    ['an unmasked close', () => closeBytes(1000, '', { masked: false }), 1002],
    ['a frame one byte over clientMaxPayloadBytes', (o) => frameBytes(2, Buffer.alloc(10_001), o), 1009],
  ];

  test.each(own)('is closed with the code of the fault: %s', async (_, bytes, code) => {
    const client = await upgradeRaw(gateway.port, REALTIME);
    const upstream = await provider.next();
    client.send(Buffer.concat([frameBytes(1, 'fine'), bytes({ masked: true }), frameBytes(1, 'after')]));
    expect(await nextClose(client)).toEqual({ code, reason: '' });
    client.socket.end();
    expect((await message(upstream)).data.toString()).toBe('fine');
    expect(await closed(upstream)).toEqual({ code: 1011, reason: '' });
    expect(await gateway.nextEnd()).toMatchObject({
      reason: 'client-broke-protocol',
      closeCode: code,
      frames: { upstream: 1 },
    });
  });

  test('may send its largest frame and its most fragments', async () => {
    const client = await upgradeRaw(gateway.port, REALTIME);
    const upstream = await provider.next();
    client.send(frameBytes(2, Buffer.alloc(10_000)));
    expect((await message(upstream)).data).toHaveLength(10_000);
    for (const [opcode, fin] of [
      [1, false],
      [0, false],
      [0, false],
      [0, true],
    ] as const)
      client.send(frameBytes(opcode, 'x', { fin }));
    expect((await message(upstream)).data.toString()).toBe('xxxx');
    client.socket.destroy();
    await gateway.nextEnd();
  });

  test('may send bytes that are no UTF-8 in a binary frame', async () => {
    const client = await upgradeRaw(gateway.port, REALTIME);
    const upstream = await provider.next();
    for (const [, bytes] of notUtf8) {
      client.send(frameBytes(2, Buffer.from(bytes)));
      expect(await message(upstream)).toEqual({ data: Buffer.from(bytes), binary: true });
    }
    client.socket.destroy();
    await gateway.nextEnd();
  });

  test('is closed with 1008 for a frame in more reads than maxBufferedChunks', async () => {
    const client = await upgradeRaw(gateway.port, REALTIME);
    const upstream = await provider.next();
    const wire = frameBytes(2, Buffer.alloc(1000));
    for (let at = 0; at < 100; at++) {
      client.send(wire.subarray(at, at + 1));
      await new Promise(setImmediate);
    }
    expect(await nextClose(client)).toEqual({ code: 1008, reason: '' });
    client.socket.destroy();
    // A part of the frame has passed: after it nothing can be said.
    expect((await closed(upstream)).code).toBe(1006);
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'client-broke-protocol', closeCode: 1008 });
  });

  test('gets a pong for each ping, and ends no other session with a flood of pings', async () => {
    const client = await upgradeRaw(gateway.port, REALTIME);
    client.send(frameBytes(9, 'a'));
    expect(await client.frame()).toEqual({ opcode: 10, payload: Buffer.from('a'), fin: true });
    client.socket.pause();
    client.send(Buffer.alloc(131 * 20_000, frameBytes(9, 'x'.repeat(125))));
    client.socket.resume();
    await Promise.race([client.rest(), until(() => client.socket.writableLength === 0)]);
    client.socket.destroy();
    await gateway.nextEnd();
  });
});

describe('a provider that sends', () => {
  const own: Fault[] = [
    ...faults,
    ['a masked frame', () => frameBytes(1, 'x', { masked: true }), 1002],
    ['a frame one byte over providerMaxPayloadBytes', (o) => frameBytes(2, Buffer.alloc(20_001), o), 1009],
  ];

  async function openRawProvider(): Promise<{ client: WebSocket; upstream: RawSocket }> {
    const { promise, resolve } = Promise.withResolvers<RawSocket>();
    onRawProvider = resolve;
    const client = await openClient(gateway.url + REALTIME);
    return { client, upstream: await promise };
  }

  test.each(own)('is closed with the code of the fault: %s', async (_, bytes, code) => {
    const { client, upstream } = await openRawProvider();
    const options = { masked: false };
    upstream.send(Buffer.concat([frameBytes(1, 'fine', options), bytes(options), frameBytes(1, 'after', options)]));
    expect(await nextClose(upstream)).toEqual({ code, reason: '' });
    upstream.socket.end();
    expect((await message(client)).data.toString()).toBe('fine');
    expect(await closed(client)).toEqual({ code: 1011, reason: 'the provider broke the WebSocket protocol' });
    expect(await gateway.nextEnd()).toMatchObject({
      reason: 'provider-broke-protocol',
      closeCode: 1011,
      frames: { downstream: 1 },
    });
  });

  test('may send its largest frame', async () => {
    const { client, upstream } = await openRawProvider();
    upstream.send(frameBytes(2, Buffer.alloc(20_000), { masked: false }));
    expect((await message(client)).data).toHaveLength(20_000);
    upstream.socket.destroy();
    expect((await closed(client)).code).toBe(1011);
    await gateway.nextEnd();
  });
});

test('ends only their own session for random bytes from either end, before and after the upgrade', async () => {
  const random = seededRandom(7);
  const waiting: RawSocket[] = [];
  for (let round = 0; round < 150; round++) {
    const raw = openRaw(gateway.port);
    const isProvider = round % 3 === 0;
    if (isProvider) onRawProvider = (upstream) => upstream.send(random.bytes(random.below(300)));
    if (round % 5 !== 4) raw.send(upgradeRequest(REALTIME));
    raw.send(random.bytes(random.below(300)));
    raw.socket.end();
    waiting.push(raw);
    if (isProvider) await raw.rest();
  }
  for (const raw of waiting) await raw.rest();
  await until(() => gateway.gateway.records().length === 1);
});
