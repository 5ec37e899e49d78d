// Reading sockets: the same bytes in order on every way, in memory that is used again unless a chunk is kept.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { readerOf, type SocketReader, streamReader } from '../../../server/transport/socket-reader.ts';
import { type Random, seededRandom } from '../../support/random.ts';
import { destroySocketPairs, openSocketPair, type SocketPair, settled } from '../../support/socket-pair.ts';
import { until } from '../../support/until.ts';

const KIB = 1024;
const TOTAL_BYTES = 20_000_000;
const LARGEST_READ_BYTES = 64 * KIB;
/** More than a socket without memory of its own has between two rests. */
const MANY_READS = 8;

type Way = [name: string, open: () => Promise<SocketPair>, intake: (socket: Socket) => SocketReader];

const reusing: Way[] = [
  ['dialled over TCP', () => openSocketPair({ near: 'dialled' }), readerOf],
  ['dialled over TLS', () => openSocketPair({ near: 'dialled', tls: true }), readerOf],
  ['accepted over TCP', () => openSocketPair({ near: 'accepted' }), readerOf],
  ['accepted over TLS', () => openSocketPair({ near: 'accepted', tls: true }), readerOf],
  ['dialled, after an HTTP upgrade', async () => reversed(await upgradedPair()), readerOf],
  ['accepted, after an HTTP upgrade', upgradedPair, readerOf],
];
const portable: Way[] = [
  ['read the portable way, over TCP', () => openSocketPair({ near: 'accepted' }), streamReader],
  ['read the portable way, over TLS', () => openSocketPair({ near: 'accepted', tls: true }), streamReader],
  ['without the private names', () => openSocketPair({ near: 'accepted', hidesHandle: true }), readerOf],
];

afterEach(destroySocketPairs);

describe.each([...reusing, ...portable])('a socket %s', (_, open, intake) => {
  test('gives every byte in order, whatever the sizes, and early bytes first', async () => {
    const { near, far } = await open();
    const bytes = randomBytes(TOTAL_BYTES);
    const random = seededRandom(1);
    void write(far, bytes, random);
    await until(() => near.readableLength > 0);
    const received = collect(near, intake(near));
    await until(() => received.length === TOTAL_BYTES);
    expect(received.bytes().equals(bytes)).toBe(true);
  });

  test('loses nothing when it is paused again and again', async () => {
    const { near, far } = await open();
    const bytes = randomBytes(TOTAL_BYTES / 10);
    const random = seededRandom(2);
    const received = collect(near, intake(near), () => {
      if (random.below(3) > 0) return;
      near.pause();
      setImmediate(() => near.resume());
    });
    void write(far, bytes, random);
    await until(() => received.length === bytes.length);
    expect(received.bytes().equals(bytes)).toBe(true);
  });

  test('gives nothing more while it is paused, and the rest after it', async () => {
    const { near, far } = await open();
    const bytes = randomBytes(TOTAL_BYTES);
    let atPause = -1;
    const received = collect(near, intake(near), () => {
      if (atPause >= 0 || received.length < 100 * KIB) return;
      atPause = received.length;
      near.pause();
    });
    void write(far, bytes, seededRandom(3));
    await until(() => atPause >= 0);
    await settled(() => received.length);
    // TLS still gives what it has of the record that it decrypts, and of those that came with it.
    const isSecure = 'encrypted' in near;
    expect(received.length - atPause).toBeLessThanOrEqual(isSecure ? 2 * LARGEST_READ_BYTES : 0);
    expect(near.bytesRead).toBeLessThan(TOTAL_BYTES);
    near.resume();
    await until(() => received.length === TOTAL_BYTES);
    expect(received.bytes().equals(bytes)).toBe(true);
  });

  test('stops being read when its reader was not started and its buffer is full', async () => {
    const { near, far } = await open();
    const bytes = randomBytes(TOTAL_BYTES);
    void write(far, bytes, seededRandom(4));
    await until(() => near.readableLength > 0);
    await settled(() => near.readableLength);
    expect(near.readableLength).toBeLessThan(TOTAL_BYTES / 10);
    const received = collect(near, intake(near));
    await until(() => received.length === TOTAL_BYTES);
    expect(received.bytes().equals(bytes)).toBe(true);
  });

  test('ends after the last byte', async () => {
    const { near, far } = await open();
    const received = collect(near, intake(near));
    const lengthAtEnd = once(near, 'end').then(() => received.length);
    far.end(Buffer.alloc(300_000));
    expect(await lengthAtEnd).toBe(300_000);
  });
});

describe.each(reusing)('a socket %s', (_, open, intake) => {
  test('is read into the same memory each time', async () => {
    const { chunks, next } = await reads(open, intake);
    await next('first');
    await next('other');
    expect(chunks[1]?.buffer).toBe(chunks[0]?.buffer);
    expect(String(chunks[0])).toBe('other');
  });

  test('has no memory of its own while it is read seldom, and what it gave stays as it is', async () => {
    const { reader, chunks, next } = await reads(open, intake);
    reader.rest();
    reader.rest();
    // The memory of the read before is in use for one read more.
    await next('zero');
    await next('first');
    await next('other');
    expect(chunks.slice(1).map(String)).toEqual(['first', 'other']);
    for (let more = 0; more < MANY_READS; more += 1) await next('again');
    expect(chunks.at(-1)?.buffer).toBe(chunks.at(-2)?.buffer);
    expect(chunks.at(-1)?.buffer.byteLength).toBeLessThan(LARGEST_READ_BYTES);
  });

  test('leaves a chunk that is kept as it is, and reuses the memory after it', async () => {
    const { chunks, next } = await reads(open, intake, 'first');
    await next('first');
    await next('second');
    await next('third!');
    expect(String(chunks[0])).toBe('first');
    expect(chunks[1]?.buffer).not.toBe(chunks[0]?.buffer);
    expect(chunks[2]?.buffer).toBe(chunks[1]?.buffer);
  });

  test('is read in larger pieces while reads fill the memory, up to a bound', async () => {
    const { near, far } = await open();
    const sizes: number[] = [];
    far.write(randomBytes(TOTAL_BYTES));
    await until(() => near.readableLength > 0);
    await settled(() => near.readableLength);
    let length = 0;
    intake(near).start((chunk) => {
      sizes.push(chunk.buffer.byteLength);
      length += chunk.length;
    });
    near.resume();
    await until(() => length === TOTAL_BYTES);
    // A record of TLS is 16 KiB, which does not fill 32.
    expect(sizes.at(-1)).toBe(near instanceof TLSSocket ? LARGEST_READ_BYTES / 2 : LARGEST_READ_BYTES);
  });
});

describe.each(portable)('a socket %s', (_, open, intake) => {
  test('is read into memory of its own each time', async () => {
    const { chunks, next } = await reads(open, intake);
    await next('first');
    await next('other');
    expect(chunks.map(String)).toEqual(['first', 'other']);
    expect(chunks[1]?.buffer).not.toBe(chunks[0]?.buffer);
  });
});

test('reads a stream that is no socket the portable way', async () => {
  const stream = new PassThrough();
  stream.write('before');
  const chunks: Buffer[] = [];
  readerOf(stream as unknown as Socket).start((chunk) => void chunks.push(chunk));
  stream.end('after');
  await once(stream, 'end');
  expect(String(Buffer.concat(chunks))).toBe('beforeafter');
});

/** Writes all of it in pieces from one byte to a few times what one read takes. */
async function write(socket: Socket, bytes: Buffer, random: Random): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.below(random.pick([1, 100, 5000, 20_000, 300_000]));
    if (!socket.write(bytes.subarray(at, end))) await once(socket, 'drain');
    at = end;
  }
}

/** Copies what comes; `seen` is called after each chunk. */
function collect(socket: Socket, intake: SocketReader, seen?: () => void) {
  const chunks: Buffer[] = [];
  const received = { length: 0, bytes: () => Buffer.concat(chunks) };
  intake.start((chunk) => {
    chunks.push(Buffer.from(chunk));
    received.length += chunk.length;
    seen?.();
  });
  socket.resume();
  return received;
}

/** The chunks themselves, as they are given to a socket that is read often: `next` sends a text and resolves when it has come. `kept` is kept. */
async function reads(open: () => Promise<SocketPair>, intakeFor: (socket: Socket) => SocketReader, kept?: string) {
  const { near, far } = await open();
  const intake = intakeFor(near);
  const chunks: Buffer[] = [];
  intake.start((chunk) => {
    chunks.push(chunk);
    if (String(chunk) === kept) intake.keepChunk();
  });
  near.resume();
  const next = async (text: string): Promise<void> => {
    const count = chunks.length;
    far.write(text);
    await until(() => chunks.length > count);
  };
  for (let read = 0; read < MANY_READS; read += 1) await next('often');
  chunks.length = 0;
  return { reader: intake, chunks, next };
}

const reversed = ({ near, far }: SocketPair): SocketPair => ({ near: far, far: near });

/** The near end is accepted by an HTTP server, the far one dialled by an HTTP client. */
async function upgradedPair(): Promise<SocketPair> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const far = connect({ host: '127.0.0.1', port, noDelay: true });
  server.once('upgrade', (_request, socket: Socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
  );
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket' };
  const request = httpRequest({ headers, createConnection: () => far });
  const upgrades = Promise.all([once(server, 'upgrade'), once(request, 'upgrade')]);
  request.end();
  const [[, near]] = (await upgrades) as [[unknown, Socket], unknown];
  server.close();
  near.on('error', () => {});
  return { near, far };
}
