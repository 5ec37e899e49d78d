// One end after its handshake: our own frames only between frames, the closing handshake, and bytes that leave before it.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type Boundary, Peer, type PeerOptions } from '../../server/peer.ts';
import { closeBytes, closeOf, frameBytes, type RawSocket, watchSocket } from '../support/raw-socket.ts';
import { until } from '../support/until.ts';

const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

interface Pair {
  readonly peer: Peer;
  readonly other: RawSocket;
  readonly heard: string[];
  readonly boundary: { -readonly [Field in keyof Boundary]: Boundary[Field] };
}

async function open(role: PeerOptions['role'] = 'client', limits = {}): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepting = once(server, 'connection');
  const far = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const [socket] = (await accepting) as [Socket];
  socket.on('error', () => {});
  sockets.push(far, socket);
  const peer = new Peer({ socket, role, limits: { closeMs: 60_000, pauseBytes: 256 * 1024, ...limits } });
  const boundary = { isBetweenFrames: true, isBetweenMessages: true };
  const heard: string[] = [];
  peer.start(
    {
      received: (chunk) => heard.push(`received ${chunk}`),
      lost: () => heard.push('lost'),
      gone: () => heard.push('gone'),
    },
    boundary,
  );
  return { peer, other: watchSocket(far), heard, boundary };
}

describe('frames of our own', () => {
  test('wait for the end of the frame that is passing, the newest of each kind', async () => {
    const { peer, other, boundary } = await open();
    const passing = frameBytes(1, 'passing', { masked: false });
    boundary.isBetweenFrames = false;
    peer.pass(passing.subarray(0, 5));
    peer.pong(Buffer.from('old'));
    peer.pong(Buffer.from('new'));
    peer.pass(passing.subarray(5));
    boundary.isBetweenFrames = true;
    peer.release();
    expect((await other.frame()).payload.toString()).toBe('passing');
    expect(await other.frame()).toMatchObject({ opcode: 10, payload: Buffer.from('new') });
    peer.ping();
    expect((await other.frame()).opcode).toBe(9);
  });

  test('are masked toward a provider', async () => {
    const { peer, other } = await open('provider');
    peer.pong(Buffer.from('x'));
    await until(() => other.socket.bytesRead >= 7);
    peer.terminate();
    const bytes = await other.rest();
    expect([bytes.length, bytes[1]]).toEqual([7, 0x81]);
  });

  test('as text do not go between the fragments of a message', async () => {
    const { peer, other, boundary } = await open();
    boundary.isBetweenMessages = false;
    peer.sendText('no');
    boundary.isBetweenMessages = true;
    peer.sendText('yes');
    expect((await other.frame()).payload.toString()).toBe('yes');
  });

  test('as pongs stay few while nobody reads them', async () => {
    const { peer, other } = await open('client', { pauseBytes: 10_000 });
    other.socket.pause();
    const payload = Buffer.alloc(125);
    for (let index = 0; index < 200_000; index += 1) {
      payload.writeUInt32BE(index);
      peer.pong(payload);
    }
    expect(peer.queuedBytes).toBeLessThan(11_000);
    other.socket.resume();
    let last = -1;
    while (last < 199_999) last = (await other.frame()).payload.readUInt32BE(0);
  });
});

describe('memory that was passed', () => {
  test('may be used again unless pass() says that it is still needed', async () => {
    const { peer, other } = await open();
    other.socket.pause();
    let memory = Buffer.alloc(100_000);
    const sent: Buffer[] = [];
    let kept = 0;
    for (let index = 0; index < 300; index += 1) {
      memory.fill(index % 251);
      sent.push(Buffer.from(memory));
      if (peer.pass(memory)) {
        kept += 1;
        memory = Buffer.alloc(100_000);
      } else memory.fill(0xff);
    }
    expect(kept).toBeGreaterThan(0);
    const total = sent.length * 100_000;
    other.socket.resume();
    await until(() => other.socket.bytesRead === total);
    peer.terminate();
    expect((await other.rest()).equals(Buffer.concat(sent))).toBe(true);
  });
});

describe('a close', () => {
  test('to a client that asked for it is answered, and ends the connection', async () => {
    const { peer, other, heard } = await open('client');
    peer.finish();
    peer.close(4001, 'bye');
    expect(closeOf(await other.frame())).toEqual({ code: 4001, reason: 'bye' });
    expect(await other.rest()).toHaveLength(0);
    other.socket.end();
    await until(() => heard.includes('gone'));
    expect(heard).toEqual(['gone']);
  });

  test('to a provider leaves the end of the connection to it', async () => {
    const { peer, other, heard } = await open('provider');
    peer.finish();
    peer.close(1000);
    await until(() => other.socket.bytesRead > 0);
    expect(other.socket.readableEnded).toBe(false);
    other.socket.end();
    await until(() => heard.includes('gone'));
  });

  test('that is never answered ends after closeMs', async () => {
    const { peer, other, heard } = await open('client', { closeMs: 50 });
    peer.close(1001);
    expect(closeOf(await other.frame()).code).toBe(1001);
    await until(() => heard.includes('gone'));
    expect(heard).toEqual(['lost', 'gone']);
  });

  test('in the middle of a frame is not said, but all that was passed leaves', async () => {
    const { peer, other, boundary } = await open();
    other.socket.pause();
    const passing = frameBytes(2, Buffer.alloc(8_000_000), { masked: false }).subarray(0, 6_000_000);
    boundary.isBetweenFrames = false;
    peer.pass(passing);
    peer.close(4001);
    other.socket.resume();
    const bytes = await other.rest();
    expect(bytes.equals(passing)).toBe(true);
  });

  test('goes out once, and nothing of ours behind it', async () => {
    const { peer, other } = await open();
    peer.close(1000);
    peer.close(4000);
    peer.ping();
    expect(peer.isOpen).toBe(false);
    other.send(closeBytes(1000));
    expect(closeOf(await other.frame()).code).toBe(1000);
    peer.terminate();
    expect(await other.rest()).toHaveLength(0);
  });
});

describe('an end that leaves without a close', () => {
  test('by FIN is lost once, and may still be told why', async () => {
    const { peer, other, heard } = await open();
    other.socket.end();
    await until(() => heard.includes('lost'));
    peer.close(1011);
    expect(closeOf(await other.frame()).code).toBe(1011);
    await until(() => heard.includes('gone'));
    expect(heard).toEqual(['lost', 'gone']);
  });

  test('by a reset is lost once, and gone', async () => {
    const { peer, other, heard } = await open();
    other.socket.resetAndDestroy();
    await until(() => heard.includes('gone'));
    expect(heard).toEqual(['lost', 'gone']);
    expect(peer.isOpen).toBe(false);
  });
});
