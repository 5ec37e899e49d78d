// The delay proxy between a client and a scripted server: bytes whole, in order, and never earlier than was asked.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { createDelayProxy } from '../../../bench/machine/delay-proxy.ts';
import type { DelayProxyMethods } from '../../../bench/machine/delay-proxy-process.ts';
import { startRpcProcess } from '../../../bench/machine/rpc.ts';

const ROUND_TRIP_MS = 40;
const stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A server of the test behind a proxy; gives the proxy's port. */
async function behindProxy(onSocket: (socket: Socket) => void, roundTripMs = ROUND_TRIP_MS): Promise<number> {
  const targetPort = await serve(onSocket);
  const proxy = await createDelayProxy({ targetPort, roundTripMs });
  stops.push(proxy.close);
  return proxy.port;
}

async function serve(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    onSocket(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  return (server.address() as { port: number }).port;
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  stops.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

const echo = (socket: Socket) => void socket.pipe(socket);

/** Milliseconds until the answer to one byte. */
async function roundTrip(socket: Socket): Promise<number> {
  const sentAt = performance.now();
  socket.write('x');
  await once(socket, 'data');
  return performance.now() - sentAt;
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test('the first bytes of a connection take two round trips, later ones take one', async () => {
  const port = await behindProxy(echo);
  // The proxy counts from its accept, which may come long before a busy client knows that it is connected, but never before it dials.
  const dialledAt = performance.now();
  const socket = await dial(port);
  await roundTrip(socket);
  expect(performance.now() - dialledAt).toBeGreaterThanOrEqual(2 * ROUND_TRIP_MS - 5);
  const later = [await roundTrip(socket), await roundTrip(socket), await roundTrip(socket)];
  expect(Math.min(...later)).toBeGreaterThanOrEqual(ROUND_TRIP_MS);
});

test('each direction takes half of the round trip', async () => {
  const sent = Promise.withResolvers<number>();
  const port = await behindProxy((socket) => {
    socket.once('data', () => {
      sent.resolve(performance.now());
      socket.write('answer');
    });
  });
  const dialledAt = performance.now();
  const socket = await dial(port);
  socket.write('question');
  await once(socket, 'data');
  const answeredAt = performance.now();
  expect((await sent.promise) - dialledAt).toBeGreaterThanOrEqual(1.5 * ROUND_TRIP_MS - 5);
  expect(answeredAt - (await sent.promise)).toBeGreaterThanOrEqual(ROUND_TRIP_MS / 2);
});

test('chunks that follow each other are on their way at the same time, and each takes as long', async () => {
  const arrived: number[] = [];
  // Chunks that a busy machine reads as one arrive as one.
  const lines = (chunk: Buffer) => chunk.filter((byte) => byte === 0x0a).length;
  const port = await behindProxy((socket) =>
    socket.on('data', (chunk: Buffer) => {
      for (let count = lines(chunk); count > 0; count -= 1) arrived.push(performance.now());
    }),
  );
  const socket = await dial(port);
  socket.write('the first\n');
  await expect.poll(() => arrived.length).toBe(1);
  const sent: number[] = [];
  for (let index = 0; index < 4; index += 1) {
    sent.push(performance.now());
    socket.write('next\n');
    await delay(ROUND_TRIP_MS / 4);
  }
  await expect.poll(() => arrived.length).toBe(5);
  const took = arrived.slice(1).map((at, index) => at - (sent[index] as number));
  expect(Math.min(...took)).toBeGreaterThanOrEqual(ROUND_TRIP_MS / 2);
});

test('megabytes come back whole and in order, followed by the end', async () => {
  const bytes = randomBytes(8 * 1024 * 1024);
  const socket = await dial(await behindProxy(echo, 4));
  socket.end(bytes);
  expect((await readAll(socket)).equals(bytes)).toBe(true);
});

test('a reader that is slow holds its writer back, and loses nothing', async () => {
  // This is more than the kernel holds on both legs.
  const pieces = Array.from({ length: 768 }, (_, index) => Buffer.alloc(64 * 1024, index));
  const accepted = Promise.withResolvers<Socket>();
  const port = await behindProxy((socket) => accepted.resolve(socket.pause()), 2);
  const socket = await dial(port);
  let taken = 0;
  const written = (async () => {
    for (const piece of pieces) {
      if (!socket.write(piece)) await once(socket, 'drain');
      taken += 1;
    }
    socket.end();
  })();
  for (let before = -1; taken === 0 || taken > before; await delay(50)) before = taken;
  expect(taken).toBeLessThan(pieces.length);
  expect((await readAll(await accepted.promise)).equals(Buffer.concat(pieces))).toBe(true);
  await written;
});

test('a connection that is reset is closed on the other side, and so is one whose target is not there', async () => {
  const accepted = Promise.withResolvers<Socket>();
  const socket = await dial(await behindProxy((socket) => accepted.resolve(socket.resume())));
  const closed = once(await accepted.promise, 'end');
  socket.resetAndDestroy();
  await closed;
  const nobody = await createDelayProxy({ targetPort: 1, roundTripMs: 2 });
  stops.push(nobody.close);
  const refused = await dial(nobody.port);
  refused.resume();
  await once(refused, 'end');
});

test('proxies in a process of their own do the same', async () => {
  const module = new URL('../../../bench/machine/delay-proxy-process.ts', import.meta.url);
  const proxies = startRpcProcess<DelayProxyMethods>(module);
  stops.push(proxies.stop);
  const targetPort = await serve(echo);
  const ports = [
    await proxies.open({ targetPort, roundTripMs: ROUND_TRIP_MS }),
    await proxies.open({ targetPort, roundTripMs: 2 }),
  ];
  const [far, near] = [await dial(ports[0] as number), await dial(ports[1] as number)];
  expect(await roundTrip(near)).toBeGreaterThanOrEqual(2);
  await roundTrip(far);
  expect(await roundTrip(far)).toBeGreaterThanOrEqual(ROUND_TRIP_MS);
});
