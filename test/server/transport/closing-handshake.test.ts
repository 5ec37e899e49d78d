// How a peer ends: the closing handshake in both roles, and an end that is lost without one.

import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { Peer } from '../../../server/transport/peer.ts';
import { limits, MIB, openPeer, openReadPeer, readBytes, roles } from '../../support/peer.ts';
import { closeBytes, closeOf } from '../../support/raw-socket.ts';
import { destroySocketPairs, openSocketPair, settled } from '../../support/socket-pair.ts';
import { until } from '../../support/until.ts';

afterEach(destroySocketPairs);

describe('the closing handshake', () => {
  test('a client that we close answers, and we close the connection', async () => {
    const { peer, raw, far, told } = await openReadPeer('client');
    peer.close(4001, 'done');
    expect(closeOf(await raw.frame())).toEqual({ code: 4001, reason: 'done' });
    raw.send(closeBytes(4001));
    await until(() => told.length > 0);
    expect(far.readableEnded).toBe(false);
    peer.finish();
    expect(await raw.rest()).toHaveLength(0);
    await until(() => told.includes('gone'));
    expect(told.filter((one) => !one.startsWith('received'))).toEqual(['gone']);
  });

  test('a client that closes is answered, and we close the connection', async () => {
    const { peer, raw, told } = await openReadPeer('client');
    raw.send(closeBytes(1000));
    await until(() => told.length > 0);
    peer.finish();
    expect(peer.hasFinished).toBe(true);
    expect(peer.isOpen).toBe(true);
    peer.close(1000);
    expect(closeOf(await raw.frame()).code).toBe(1000);
    expect(await raw.rest()).toHaveLength(0);
    await until(() => told.includes('gone'));
    expect(told).not.toContain('lost');
  });

  test('a provider that we close answers, and closes the connection itself', async () => {
    const { peer, raw, far, told } = await openReadPeer('provider');
    peer.close(1000, 'done');
    expect(closeOf(await raw.frame())).toEqual({ code: 1000, reason: 'done' });
    raw.send(closeBytes(1000, '', { masked: false }));
    await until(() => told.length > 0);
    peer.finish();
    expect(peer.socket.writableEnded).toBe(false);
    expect(far.readableEnded).toBe(false);
    far.end();
    expect(await raw.rest()).toHaveLength(0);
    await until(() => told.includes('gone'));
    expect(told).not.toContain('lost');
  });

  test('a provider that closes is answered, and closes the connection itself', async () => {
    const { peer, raw, far, told } = await openReadPeer('provider');
    raw.send(closeBytes(1000, '', { masked: false }));
    await until(() => told.length > 0);
    peer.finish();
    peer.close(1000);
    expect(closeOf(await raw.frame()).code).toBe(1000);
    expect(peer.socket.writableEnded).toBe(false);
    far.end();
    await until(() => told.includes('gone'));
    expect(told).not.toContain('lost');
  });

  test.each(roles)('a close without a code is an empty one: %s', async (role) => {
    const { peer, raw } = await openReadPeer(role);
    peer.close();
    expect(closeOf(await raw.frame()).code).toBe(1005);
  });

  test.each(roles)('a close leaves behind everything that is queued: %s', async (role) => {
    const { peer, far } = await openPeer(role);
    const bytes = Buffer.alloc(20 * MIB, 7);
    peer.pass(bytes);
    expect(peer.queuedBytes).toBeGreaterThan(MIB);
    peer.close(1000);
    const header = role === 'provider' ? 6 : 2;
    const read = await readBytes(far, 20 * MIB + header + 2);
    expect(read.bytes.subarray(0, 20 * MIB).equals(bytes)).toBe(true);
    expect(read.bytes[20 * MIB]).toBe(0x88);
  });

  test.each(roles)('a %s that never answers is let go after closeMs', async (role) => {
    const { peer, raw, told } = await openReadPeer(role, { limits: { closeMs: 50 } });
    peer.close(1000);
    expect(closeOf(await raw.frame()).code).toBe(1000);
    expect(await raw.rest()).toHaveLength(0);
    await until(() => told.includes('gone'));
    expect(told).toEqual(['lost', 'gone']);
  });

  test.each(roles)('a %s that does not even read is let go after closeMs', async (role) => {
    const { peer, told } = await openPeer(role, { limits: { closeMs: 50 } });
    peer.pass(Buffer.alloc(20 * MIB));
    peer.close(1000);
    await until(() => told.includes('gone'));
    expect(told).toEqual(['lost', 'gone']);
  });

  test.each(roles)('a %s that we close and that just ends its side is lost, and the connection ends', async (role) => {
    const { peer, raw, far, told } = await openReadPeer(role);
    peer.close(1000);
    expect(closeOf(await raw.frame()).code).toBe(1000);
    far.end();
    await until(() => told.includes('gone'));
    expect(told).toEqual(['lost', 'gone']);
  });

  test('a client that answers but never ends its side is let go after closeMs', async () => {
    const { peer, far, told } = await openPeer('client', { limits: { closeMs: 50 } });
    far.on('data', () => {});
    far.allowHalfOpen = true;
    peer.finish();
    peer.close(1000);
    await once(far, 'end');
    await until(() => told.includes('gone'));
    expect(told).toEqual(['gone']);
  });

  test.each(roles)('in the middle of a frame a %s gets all that is queued, and no close frame', async (role) => {
    const { peer, far, boundary } = await openPeer(role);
    const bytes = Buffer.alloc(20 * MIB, 7);
    peer.pass(bytes);
    boundary.isBetweenFrames = false;
    peer.close(1000);
    const chunks: Buffer[] = [];
    far.on('data', (chunk: Buffer) => void chunks.push(chunk));
    await once(far, 'end');
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    far.end();
    await until(() => peer.isGone);
  });
});

describe.each(roles)('a %s that is lost', (role) => {
  test('by the end of its side without a close is told of once, and so is its being gone', async () => {
    const { peer, far, told } = await openPeer(role);
    far.end();
    await until(() => told.includes('lost'));
    expect(peer.hasFinished).toBe(true);
    peer.close(1000);
    far.resume();
    far.end();
    await until(() => told.includes('gone'));
    expect(told).toEqual(['lost', 'gone']);
  });

  test('by a reset is told of once, and so is its being gone', async () => {
    const { peer, far, told } = await openPeer(role);
    far.resetAndDestroy();
    await until(() => told.includes('gone'));
    expect(told).toEqual(['lost', 'gone']);
    expect([peer.isOpen, peer.isGone, peer.hasFinished]).toEqual([false, true, true]);
    peer.close(1000);
    peer.ping();
    peer.sendText('late');
    peer.sendPending();
    await settled(() => told.length);
    expect(told).toEqual(['lost', 'gone']);
  });

  test('after it said what it had to say, has said it first', async () => {
    const { far, told } = await openPeer(role);
    far.end('words');
    await until(() => told.includes('lost'));
    expect(told.slice(0, 2)).toEqual(['received words', 'lost']);
  });

  test('after its close frame is gone, not lost', async () => {
    const { peer, far, told } = await openPeer(role);
    peer.finish();
    far.destroy();
    peer.close(1000);
    await until(() => told.includes('gone'));
    expect(told).toEqual(['gone']);
  });

  test('before it is started, is told of all the same', async () => {
    const { near } = await openSocketPair({ near: role === 'client' ? 'accepted' : 'dialled' });
    const peer = new Peer({ socket: near, role, limits });
    near.destroy();
    const told: string[] = [];
    const listener = { received() {}, lost: () => void told.push('lost'), gone: () => void told.push('gone') };
    peer.start(listener, { isBetweenFrames: true, isBetweenMessages: true });
    expect(told).toEqual(['lost']);
    await until(() => told.includes('gone'));
    expect(told).toEqual(['lost', 'gone']);
  });

  test('because we let it go, loses what is queued', async () => {
    const { peer, far, told } = await openPeer(role);
    peer.pass(Buffer.alloc(20 * MIB));
    peer.terminate();
    await until(() => told.includes('gone'));
    expect(told).toEqual(['lost', 'gone']);
    let length = 0;
    far.on('data', (chunk: Buffer) => {
      length += chunk.length;
    });
    await Promise.race([once(far, 'end'), once(far, 'close')]);
    expect(length).toBeLessThan(20 * MIB);
  });
});
