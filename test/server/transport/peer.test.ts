// An end of a session at its raw socket: our own frames, the bytes that pass through, and the events of the peer.

import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { frameOf } from '../../support/frames.ts';
import { MIB, openPeer, openReadPeer, readBytes, roles } from '../../support/peer.ts';
import { seededRandom } from '../../support/random.ts';
import { closeOf, frameBytes } from '../../support/raw-socket.ts';
import { destroySocketPairs, settled } from '../../support/socket-pair.ts';
import { until } from '../../support/until.ts';

const PING = 9;
const PONG = 10;
const transports: [string, { tls: boolean; hidesHandle?: boolean }][] = [
  ['TCP', { tls: false }],
  ['TCP through the stream', { tls: false, hidesHandle: true }],
  ['TLS', { tls: true }],
  ['TLS through the stream', { tls: true, hidesHandle: true }],
];

afterEach(destroySocketPairs);

describe.each(roles)('frames of our own to a %s', (role) => {
  test('are timed where they are pings: a pong answers the newest, and none that came unasked counts', async () => {
    const { peer } = await openReadPeer(role);
    expect(peer.answered(performance.now())).toBeUndefined();
    const before = performance.now();
    peer.ping();
    const after = performance.now();
    const ms = peer.answered(after + 900) ?? 0;
    expect(ms).toBeGreaterThanOrEqual(900);
    expect(ms).toBeLessThanOrEqual(after - before + 900);
    expect(peer.answered(performance.now())).toBeUndefined();
  });

  test('go out at once between frames', async () => {
    const { peer, raw } = await openReadPeer(role);
    peer.ping();
    peer.pong(Buffer.from('payload'));
    peer.sendMessage(frameOf('words'));
    expect(await raw.frame()).toEqual({ opcode: PING, payload: Buffer.alloc(0), fin: true });
    expect(await raw.frame()).toEqual({ opcode: PONG, payload: Buffer.from('payload'), fin: true });
    expect(await raw.frame()).toEqual({ opcode: 1, payload: Buffer.from('words'), fin: true });
  });

  test('are masked toward a provider only', async () => {
    const { peer, far } = await openPeer(role);
    const chunks: Buffer[] = [];
    far.on('data', (chunk: Buffer) => void chunks.push(chunk));
    peer.sendMessage(frameOf('words'));
    peer.close(1000);
    const header = role === 'provider' ? 2 + 4 : 2;
    const length = 2 * header + 'words'.length + 2;
    await until(() => Buffer.concat(chunks).length === length);
    const bytes = Buffer.concat(chunks);
    const flags = [bytes[1], bytes[header + 'words'.length + 1]].map((byte = 0) => byte >> 7);
    expect(flags).toEqual(role === 'provider' ? [1, 1] : [0, 0]);
    if (role === 'client') expect(bytes.toString('latin1', 2, 7)).toBe('words');
  });

  test('wait for the end of the frame that is passing, and only the newest of each kind goes out', async () => {
    const { peer, raw, boundary } = await openReadPeer(role);
    const passing = frameBytes(2, 'passing', { masked: role === 'provider' });
    peer.pass(passing.subarray(0, 5));
    boundary.isBetweenFrames = false;
    boundary.isBetweenMessages = false;
    peer.pong(Buffer.from('older'));
    peer.ping();
    peer.ping();
    peer.pong(Buffer.from('newest'));
    peer.sendPending();
    peer.pass(passing.subarray(5));
    boundary.isBetweenFrames = true;
    peer.sendPending();
    peer.sendPending();
    expect(String((await raw.frame()).payload)).toBe('passing');
    const own = [await raw.frame(), await raw.frame()].map(({ opcode, payload }) => [opcode, String(payload)]);
    expect(own.sort()).toEqual([
      [PONG, 'newest'],
      [PING, ''],
    ]);
    peer.terminate();
    expect(await raw.rest()).toHaveLength(0);
  });

  test('go out between the fragments of a message, except texts', async () => {
    const { peer, raw, boundary } = await openReadPeer(role);
    boundary.isBetweenMessages = false;
    peer.sendMessage(frameOf('misread'));
    peer.pong(Buffer.from('control'));
    boundary.isBetweenMessages = true;
    peer.sendMessage(frameOf('words'));
    expect(String((await raw.frame()).payload)).toBe('control');
    expect(String((await raw.frame()).payload)).toBe('words');
  });

  test('end with the close frame', async () => {
    const { peer, raw, boundary } = await openReadPeer(role);
    boundary.isBetweenFrames = false;
    peer.pong(Buffer.from('waits'));
    boundary.isBetweenFrames = true;
    peer.close(1000, 'bye');
    expect(peer.isOpen).toBe(false);
    peer.ping();
    peer.pong(Buffer.from('late'));
    peer.sendMessage(frameOf('late'));
    peer.close(1001, 'again');
    peer.sendPending();
    expect(closeOf(await raw.frame())).toEqual({ code: 1000, reason: 'bye' });
    peer.terminate();
    expect(await raw.rest()).toHaveLength(0);
  });
});

describe('pongs to an end that does not read', () => {
  test('stay bounded, and the newest arrives once it reads', async () => {
    const { peer, far } = await openPeer('client', { limits: { pauseBytes: 10_000 } });
    peer.pass(Buffer.alloc(20 * MIB));
    const queued = peer.queuedBytes;
    expect(queued).toBeGreaterThan(10_000);
    for (let index = 0; index < 100_000; index += 1) peer.pong(Buffer.from(`${index}`.padStart(125)));
    expect(peer.queuedBytes).toBe(queued);
    const { bytes } = await readBytes(far, 20 * MIB + 127);
    expect(bytes.subarray(-127)).toEqual(frameBytes(PONG, '99999'.padStart(125), { masked: false }));
  });

  test('stay bounded without anything else that is queued', async () => {
    const { peer, far } = await openPeer('client', { limits: { pauseBytes: 10_000 } });
    const payload = (index: number) => Buffer.from(`${index}`.padStart(125));
    // The kernel and the socket do not take as many.
    const count = 200_000;
    for (let index = 0; index < count; index += 1) peer.pong(payload(index));
    const queued = peer.queuedBytes;
    expect(queued).toBeGreaterThan(10_000);
    expect(queued).toBeLessThanOrEqual(peer.socket.writableHighWaterMark + 127);
    const last = frameBytes(PONG, payload(count - 1), { masked: false });
    const chunks: Buffer[] = [];
    far.on('data', (chunk: Buffer) => void chunks.push(chunk));
    await until(() => chunks.at(-1)?.subarray(-127).equals(last));
    expect(Buffer.concat(chunks).length).toBeLessThan(count * 127);
  });

  test('leave in order: an older one is not sent after a newer one', async () => {
    const { peer, far } = await openPeer('client', { limits: { pauseBytes: 30 * MIB } });
    peer.pass(Buffer.alloc(20 * MIB));
    peer.pass(Buffer.alloc(20 * MIB));
    peer.pong(Buffer.from('older'));
    let read = await readBytes(far, 15 * MIB);
    while (peer.queuedBytes > 30 * MIB) read = await readBytes(far, MIB, read.length);
    expect(peer.queuedBytes).toBeGreaterThan(0);
    peer.pong(Buffer.from('newer'));
    const pong = frameBytes(PONG, 'newer', { masked: false });
    const { bytes } = await readBytes(far, 40 * MIB + pong.length - read.length);
    expect(bytes.subarray(-pong.length)).toEqual(pong);
    peer.ping();
    expect((await readBytes(far, 2)).bytes).toEqual(frameBytes(PING, '', { masked: false }));
  });
});

describe.each(transports)('bytes that pass over %s', (_, way) => {
  const { tls } = way;

  test.each(roles)('arrive unchanged at a %s, although free memory is used again', async (role) => {
    const { peer, far } = await openPeer(role, way);
    const count = 200;
    const expected: Buffer[] = [];
    const isHeld: boolean[] = [];
    let memory = Buffer.alloc(64 * 1024);
    for (let index = 0; index < count; index += 1) {
      memory.fill(index);
      expected.push(Buffer.from(memory));
      isHeld.push(peer.pass(memory));
      if (isHeld.at(-1)) memory = Buffer.alloc(64 * 1024);
      else memory.fill(255);
    }
    expect(peer.queuedBytes).toBeGreaterThan(0);
    // The first write that the kernel does not take whole is the only one that is neither done nor copied.
    expect(isHeld.filter(Boolean)).toHaveLength(tls ? 0 : 1);
    const { bytes } = await readBytes(far, count * 64 * 1024);
    expect(bytes.equals(Buffer.concat(expected))).toBe(true);
  });

  test('are no longer in use once the kernel took them all', async () => {
    const { peer, far } = await openPeer('client', way);
    expect(peer.pass(Buffer.from('small'))).toBe(false);
    expect(String((await readBytes(far, 5)).bytes)).toBe('small');
  });

  test('are not queued once the kernel took them, and are while it has yet to take some', async () => {
    const { peer, far } = await openPeer('provider', way);
    for (const length of [2600, 16_000, 2600]) {
      peer.pass(Buffer.alloc(length));
      expect(peer.queuedBytes).toBe(0);
      // One that is passed in the same turn is behind the one that TLS has not called done.
      peer.pass(Buffer.alloc(length));
      expect(peer.queuedBytes).toBe(tls ? 2 * length : 0);
      await readBytes(far, 2 * length);
      await until(() => peer.queuedBytes === 0);
      await new Promise(setImmediate);
    }
    peer.pass(Buffer.alloc(20 * MIB));
    expect(peer.queuedBytes).toBe(20 * MIB);
    await readBytes(far, 20 * MIB);
    await until(() => peer.queuedBytes === 0);
  });

  test('are in use while the kernel has yet to take them, unless they were copied', async () => {
    const { peer } = await openPeer('client', way);
    expect(peer.pass(Buffer.alloc(20 * MIB))).toBe(!tls);
    expect(peer.pass(Buffer.alloc(20 * MIB))).toBe(false);
  });

  test('are in order with frames of our own, empty writes and the end, whatever is under way', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { peer, far } = await openPeer('client', way);
      const random = seededRandom(seed);
      const expected: Buffer[] = [];
      for (let step = 0; step < 60; step += 1) {
        const bytes = Buffer.alloc(1 + random.below(random.pick([10, 3000, 40_000, 400_000])), step);
        const isMessage = random.below(4) === 0;
        expected.push(isMessage ? frameBytes(2, bytes, { masked: false }) : bytes);
        if (isMessage) peer.sendMessage({ data: bytes, binary: true });
        else peer.pass(bytes);
        if (random.below(4) === 0) peer.socket.write('');
        if (random.below(3) === 0) await new Promise(setImmediate);
      }
      peer.close(1000);
      peer.socket.end();
      expected.push(frameBytes(8, Buffer.from([0x03, 0xe8]), { masked: false }));
      const chunks: Buffer[] = [];
      far.on('data', (chunk: Buffer) => void chunks.push(chunk));
      await once(far, 'end');
      expect(Buffer.concat(chunks).equals(Buffer.concat(expected))).toBe(true);
      peer.terminate();
    }
  });

  test('are seen to be taken within one large write', async () => {
    const { peer, far } = await openPeer('client', way);
    // More than what is read and all that the kernel can hold, so that the write is under way until the end.
    peer.pass(Buffer.alloc(64 * MIB));
    const before = await settled(() => peer.takenBytes);
    const queued = peer.queuedBytes;
    await readBytes(far, 8 * MIB);
    await until(() => peer.takenBytes >= before + MIB);
    expect(peer.queuedBytes).toBe(queued);
  });
});

describe.each(roles)('a %s that sends', (role) => {
  test('is received from its first byte on', async () => {
    const { far, events } = await openPeer(role, { early: 'early' });
    expect(events).toEqual(['received early']);
    far.write('late');
    await until(() => events.length > 1);
    expect(events).toEqual(['received early', 'received late']);
  });

  test('is not received while it is paused', async () => {
    let length = 0;
    const received = (chunk: Buffer): void => {
      length += chunk.length;
    };
    const { peer, far } = await openPeer(role, { received });
    peer.pause('slow');
    peer.pause('share');
    peer.resume('slow');
    far.write(Buffer.alloc(20 * MIB));
    await settled(() => far.bytesWritten);
    expect(length).toBe(0);
    peer.resume('share');
    await until(() => length === 20 * MIB);
  });

  test('keeps the bytes of a chunk after keepChunk, also once it has memory of its own', async () => {
    const chunks: Buffer[] = [];
    const opened = await openPeer(role, {
      received(chunk) {
        chunks.push(chunk);
        if (String(chunk) === 'kept') opened.peer.keepChunk();
      },
    });
    const texts = [...Array.from({ length: 9 }, (_, index) => `first ${index}`), 'kept', 'other', 'third'];
    for (const text of texts) {
      opened.far.write(text);
      await until(() => String(chunks.at(-1)) === text);
    }
    expect(chunks.slice(-3).map(String)).toEqual(['kept', 'third', 'third']);
  });
});
