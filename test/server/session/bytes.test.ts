// Byte exactness: frames arrive with their bytes, opcode, order and boundaries, both ways, whatever the network cut them into.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { testCertificate } from '../../support/certificate.ts';
import { openClient, startGateway, type TestGateway } from '../../support/gateway.ts';
import { closed, type Message, message } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type Random, seededRandom } from '../../support/random.ts';
import { frameBytes, openRaw, type RawSocket, upgradeRaw, upgradeRequest } from '../../support/raw-socket.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const MIB = 1024 * 1024;
let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.close();
  await provider.close();
});

async function start(options: Parameters<typeof startProvider>[0] = {}): Promise<void> {
  provider = await startProvider(options);
  gateway = await startGateway({ provider: provider.url, certificate: await testCertificate() });
}

async function openTls(): Promise<WebSocket> {
  const { caPath } = await testCertificate();
  return openClient(gateway.tlsUrl + REALTIME, { ca: readFileSync(caPath) });
}

/** Every length at which the header of a WebSocket frame changes, and a few in between. */
const lengths = [0, 1, 2, 3, 125, 126, 127, 1000, 16_383, 16_384, 65_534, 65_535, 65_536, 65_537, 200_000];

function randomMessages(random: Random, count: number): Message[] {
  return Array.from({ length: count }, () => {
    const length = random.below(3) === 0 ? random.below(2000) : random.pick(lengths);
    const binary = random.below(2) === 0;
    return { data: binary ? randomBytes(random, length) : randomText(random, length), binary };
  });
}

/** Cheap for megabytes: a random block, over and over, with a counter in it so that no two stretches are alike. */
function randomBytes(random: Random, length: number): Buffer {
  const data = Buffer.alloc(length, random.bytes(Math.min(length, 997)));
  for (let at = 0; at + 4 <= length; at += 4096) data.writeUInt32LE(at, at);
  return data;
}

const characters = ['a', '"', '\\', '\0', '\n', 'é', 'ß', '€', '語', '\u{1f600}', '\u{10ffff}', '\ufeff', '\ufffd'];

/** Valid UTF-8 of characters of every length; `length` is that in bytes. */
function randomText(random: Random, length: number): Buffer {
  const block = Array.from({ length: 300 }, () => random.pick(characters)).join('');
  const text = Buffer.from(block.repeat(Math.ceil(length / block.length)));
  let end = Math.min(length, text.length);
  while (end > 0 && ((text[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return Buffer.concat([text.subarray(0, end), Buffer.alloc(length - end, 'x')]);
}

/** Opcode, length and hash: as good as the bytes, and readable when it fails. */
function print({ data, binary }: Message): string {
  const hash = createHash('sha256').update(data).digest('hex').slice(0, 16);
  return `${binary ? 'binary' : 'text'} ${data.length} ${hash}`;
}

function sendAll(ws: WebSocket, messages: readonly Message[]): void {
  for (const { data, binary } of messages) ws.send(data, { binary });
}

async function receive(ws: WebSocket, count: number): Promise<string[]> {
  const prints: string[] = [];
  while (prints.length < count) {
    const got = await Promise.race([message(ws), closed(ws)]);
    if ('code' in got) throw new Error(`closed with ${got.code} after ${prints.length} frames`);
    prints.push(print(got));
  }
  return prints;
}

/** Sends both lists at once and compares what arrives. */
async function exchange(client: WebSocket, up: readonly Message[], down: readonly Message[]): Promise<void> {
  const upstream = await provider.next();
  sendAll(client, up);
  sendAll(upstream, down);
  const [gotUp, gotDown] = await Promise.all([receive(upstream, up.length), receive(client, down.length)]);
  expect(gotUp).toEqual(up.map(print));
  expect(gotDown).toEqual(down.map(print));
}

describe.each([
  ['TCP', () => openClient(gateway.url + REALTIME)],
  ['TLS', openTls],
])('over %s', (_, open) => {
  test.each([1, 2, 3])('passes random frames both ways at once, seed %i', async (seed) => {
    await start();
    const random = seededRandom(seed);
    await exchange(await open(), randomMessages(random, 150), randomMessages(random, 150));
  });

  test('passes frames of 15 MiB both ways at once, text and binary', async () => {
    await start();
    const random = seededRandom(4);
    const large = (): Message[] => [
      { data: randomText(random, 15 * MIB), binary: false },
      { data: randomBytes(random, 15 * MIB - 1), binary: true },
    ];
    await exchange(await open(), large(), large());
  });
});

test('passes a message in fragments, also around a ping', async () => {
  await start();
  const client = await upgradeRaw(gateway.port, REALTIME);
  const upstream = await provider.next();
  client.send(frameBytes(1, 'one ', { fin: false }));
  client.send(frameBytes(9, 'ping'));
  client.send(frameBytes(0, '', { fin: false }));
  client.send(frameBytes(0, 'two '.repeat(20_000), { fin: false }));
  client.send(frameBytes(0, 'three'));
  client.send(frameBytes(2, Buffer.from([1, 2]), { fin: false }));
  client.send(frameBytes(0, Buffer.from([255])));
  expect(await client.frame()).toEqual({ opcode: 10, payload: Buffer.from('ping'), fin: true });
  expect(await message(upstream)).toEqual({ data: Buffer.from(`one ${'two '.repeat(20_000)}three`), binary: false });
  expect(await message(upstream)).toEqual({ data: Buffer.from([1, 2, 255]), binary: true });
  client.socket.destroy();
});

test('passes a frame of 1 MiB that comes in pieces of 1448 bytes', async () => {
  await start();
  const client = await upgradeRaw(gateway.port, REALTIME);
  const upstream = await provider.next();
  const sent = { data: randomBytes(seededRandom(5), MIB), binary: true };
  const wire = frameBytes(2, sent.data);
  for (let at = 0; at < wire.length && !client.socket.destroyed; at += 1448) {
    client.send(wire.subarray(at, at + 1448));
    // The gateway reads just this piece in one turn of the loop.
    await new Promise(setImmediate);
  }
  const got = await Promise.race([message(upstream), closed(upstream)]);
  expect('data' in got ? print(got) : got).toBe(print(sent));
  client.socket.destroy();
});

describe('a burst of 2,000 frames', () => {
  const burst = Array.from({ length: 2000 }, (_, index) => ({
    data: Buffer.from(`${index} `.padEnd(4000, 'x')),
    binary: index % 3 === 0,
  }));

  test('arrives in order from a client whose socket has just opened', async () => {
    await start();
    const client = await openClient(gateway.url + REALTIME);
    await exchange(client, burst, []);
  });

  test('arrives in order from a provider whose socket has just opened', async () => {
    await start({ onSession: (ws) => sendAll(ws, burst) });
    const client = await openClient(gateway.url + REALTIME);
    expect(await receive(client, burst.length)).toEqual(burst.map(print));
  });

  test('waits for the dial and arrives in order when the client sends it before its 101', async () => {
    let accept: (() => void) | undefined;
    await start({
      onUpgrade: (_request, _socket, go) => {
        accept = go;
        return true;
      },
    });
    const client = openRaw(gateway.port);
    client.send(upgradeRequest(REALTIME));
    for (const { data, binary } of burst) client.send(frameBytes(binary ? 2 : 1, data));
    // The sockets are full before the provider answers.
    await until(() => accept !== undefined && client.socket.bytesWritten > MIB && stalled(client));
    expect(gateway.gateway.records().length).toBe(0);
    accept?.();
    const upstream = await provider.next();
    expect(await receive(upstream, burst.length)).toEqual(burst.map(print));
    client.socket.destroy();
  });

  /** The kernel takes no more: nobody reads. */
  function stalled({ socket }: RawSocket): boolean {
    return socket.writableLength > 0;
  }
});
