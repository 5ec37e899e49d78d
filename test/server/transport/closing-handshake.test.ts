// The end of a peer: the closing handshake in both roles, and an end that is lost without one.

import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { Peer } from '../../../server/transport/peer.ts';
import { frameOf } from '../../support/frames.ts';
import { limits, MIB, openPeer, openReadPeer, readBytes, roles } from '../../support/peer.ts';
import { closeBytes, closeOf } from '../../support/raw-socket.ts';
import { destroySocketPairs, openSocketPair, settled } from '../../support/socket-pair.ts';
import { until } from '../../support/until.ts';

afterEach(destroySocketPairs);

describe('the closing handshake', () => {
  test('closes the connection of a client that answers our close', async () => {
    const { peer, raw, far, events } = await openReadPeer('client');
    peer.close(4001, 'done');
    expect(closeOf(await raw.frame())).toEqual({ code: 4001, reason: 'done' });
    raw.send(closeBytes(4001));
    await until(() => events.length > 0);
    expect(far.readableEnded).toBe(false);
    peer.finish();
    expect(await raw.rest()).toHaveLength(0);
    await until(() => events.includes('gone'));
    expect(events.filter((event) => !event.startsWith('received'))).toEqual(['gone']);
  });

  test('answers the close of a client and closes the connection', async () => {
    const { peer, raw, events } = await openReadPeer('client');
    raw.send(closeBytes(1000));
    await until(() => events.length > 0);
    peer.finish();
    expect(peer.hasFinished).toBe(true);
    expect(peer.isOpen).toBe(true);
    peer.close(1000);
    expect(closeOf(await raw.frame()).code).toBe(1000);
    expect(await raw.rest()).toHaveLength(0);
    await until(() => events.includes('gone'));
    expect(events).not.toContain('lost');
  });

  test('leaves the connection to a provider that answers our close', async () => {
    const { peer, raw, far, events } = await openReadPeer('provider');
    peer.close(1000, 'done');
    expect(closeOf(await raw.frame())).toEqual({ code: 1000, reason: 'done' });
    raw.send(closeBytes(1000, '', { masked: false }));
    await until(() => events.length > 0);
    peer.finish();
    expect(peer.socket.writableEnded).toBe(false);
    expect(far.readableEnded).toBe(false);
    far.end();
    expect(await raw.rest()).toHaveLength(0);
    await until(() => events.includes('gone'));
    expect(events).not.toContain('lost');
  });

  test('answers the close of a provider and leaves the connection to it', async () => {
    const { peer, raw, far, events } = await openReadPeer('provider');
    raw.send(closeBytes(1000, '', { masked: false }));
    await until(() => events.length > 0);
    peer.finish();
    peer.close(1000);
    expect(closeOf(await raw.frame()).code).toBe(1000);
    expect(peer.socket.writableEnded).toBe(false);
    far.end();
    await until(() => events.includes('gone'));
    expect(events).not.toContain('lost');
  });

  test.each(roles)('sends an empty close frame to a %s where there is no code', async (role) => {
    const { peer, raw } = await openReadPeer(role);
    peer.close();
    expect(closeOf(await raw.frame()).code).toBe(1005);
  });

  test.each(roles)('sends the close frame to a %s behind everything that is queued', async (role) => {
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

  test.each(roles)('destroys the socket of a %s that has not answered for closeMs', async (role) => {
    const { peer, raw, events } = await openReadPeer(role, { limits: { closeMs: 50 } });
    peer.close(1000);
    expect(closeOf(await raw.frame()).code).toBe(1000);
    expect(await raw.rest()).toHaveLength(0);
    await until(() => events.includes('gone'));
    expect(events).toEqual(['lost', 'gone']);
  });

  test.each(roles)('destroys the socket of a %s that has not read for closeMs', async (role) => {
    const { peer, events } = await openPeer(role, { limits: { closeMs: 50 } });
    peer.pass(Buffer.alloc(20 * MIB));
    peer.close(1000);
    await until(() => events.includes('gone'));
    expect(events).toEqual(['lost', 'gone']);
  });

  test.each(roles)('tells that a %s is lost that ends its side instead of answering our close', async (role) => {
    const { peer, raw, far, events } = await openReadPeer(role);
    peer.close(1000);
    expect(closeOf(await raw.frame()).code).toBe(1000);
    far.end();
    await until(() => events.includes('gone'));
    expect(events).toEqual(['lost', 'gone']);
  });

  test('destroys the socket of a client that answers and does not end its side for closeMs', async () => {
    const { peer, far, events } = await openPeer('client', { limits: { closeMs: 50 } });
    far.on('data', () => {});
    far.allowHalfOpen = true;
    peer.finish();
    peer.close(1000);
    await once(far, 'end');
    await until(() => events.includes('gone'));
    expect(events).toEqual(['gone']);
  });

  test.each(roles)('sends a %s everything that is queued, and in mid-frame no close frame', async (role) => {
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

describe.each(roles)('the loss of a %s', (role) => {
  test('is told once when its side ends without a close, and so is the end of the connection', async () => {
    const { peer, far, events } = await openPeer(role);
    far.end();
    await until(() => events.includes('lost'));
    expect(peer.hasFinished).toBe(true);
    peer.close(1000);
    far.resume();
    far.end();
    await until(() => events.includes('gone'));
    expect(events).toEqual(['lost', 'gone']);
  });

  test('is told once when the connection is reset, and so is the end of the connection', async () => {
    const { peer, far, events } = await openPeer(role);
    far.resetAndDestroy();
    await until(() => events.includes('gone'));
    expect(events).toEqual(['lost', 'gone']);
    expect([peer.isOpen, peer.isGone, peer.hasFinished]).toEqual([false, true, true]);
    peer.close(1000);
    peer.ping();
    peer.sendMessage(frameOf('late'));
    peer.sendPending();
    await settled(() => events.length);
    expect(events).toEqual(['lost', 'gone']);
  });

  test('is told after everything that the peer sent before', async () => {
    const { far, events } = await openPeer(role);
    far.end('words');
    await until(() => events.includes('lost'));
    expect(events.slice(0, 2)).toEqual(['received words', 'lost']);
  });

  test('is no loss after its close frame: only the end of the connection is told', async () => {
    const { peer, far, events } = await openPeer(role);
    peer.finish();
    far.destroy();
    peer.close(1000);
    await until(() => events.includes('gone'));
    expect(events).toEqual(['gone']);
  });

  test('is told on start when the peer was lost before', async () => {
    const { near } = await openSocketPair({ near: role === 'client' ? 'accepted' : 'dialled' });
    const peer = new Peer({ socket: near, role, limits });
    near.destroy();
    const events: string[] = [];
    const listener = { received() {}, lost: () => void events.push('lost'), gone: () => void events.push('gone') };
    peer.start(listener, { isBetweenFrames: true, isBetweenMessages: true });
    expect(events).toEqual(['lost']);
    await until(() => events.includes('gone'));
    expect(events).toEqual(['lost', 'gone']);
  });

  test('drops the queue when we terminate the peer', async () => {
    const { peer, far, events } = await openPeer(role);
    peer.pass(Buffer.alloc(20 * MIB));
    peer.terminate();
    await until(() => events.includes('gone'));
    expect(events).toEqual(['lost', 'gone']);
    let length = 0;
    far.on('data', (chunk: Buffer) => {
      length += chunk.length;
    });
    await Promise.race([once(far, 'end'), once(far, 'close')]);
    expect(length).toBeLessThan(20 * MIB);
  });
});
