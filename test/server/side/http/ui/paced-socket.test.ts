// Pages that do not read, read slowly, or are gone.

import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type PacedLimits, PacedSocket } from '../../../../../server/side/http/ui/paced-socket.ts';
import { until } from '../../../../support/until.ts';

let server: WebSocketServer;
afterEach(() => {
  for (const socket of server.clients) socket.terminate();
  server.close();
});

const LIMITS: PacedLimits = { maxReplyBytes: 2 ** 30, maxFramesPerSecond: 1000, stallMs: 60_000, pingMs: 60_000 };

async function opened(
  limits: Partial<PacedLimits>,
): Promise<{ paced: PacedSocket; own: WebSocket; client: WebSocket }> {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  const [own] = await accepted;
  const paced = new PacedSocket(own, { ...LIMITS, ...limits });
  await once(client, 'open');
  return { paced, own, client };
}

const MESSAGE = 'x'.repeat(64 * 1024);

test('a page that reads is not waited for, and one that does not is, until it reads', async () => {
  const { paced, client } = await opened({});
  let received = 0;
  client.on('message', () => received++);
  expect(paced.send(['a', 'b'])).toBeUndefined();
  expect(paced.send([])).toBeUndefined();
  client.pause();
  let room: Promise<void> | undefined;
  let sent = 2;
  while (room === undefined) {
    room = paced.send([MESSAGE]);
    sent += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  let hasRoom = false;
  void room.then(() => {
    hasRoom = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(hasRoom).toBe(false);
  client.resume();
  await room;
  await until(() => received === sent);
});

test('a page that takes nothing is cut off', async () => {
  const { paced, own, client } = await opened({ stallMs: 300 });
  client.pause();
  while (paced.send([MESSAGE]) === undefined) await new Promise((resolve) => setImmediate(resolve));
  await until(() => own.readyState === WebSocket.CLOSED);
});

test('more than is kept for a page cuts it off', async () => {
  const { paced, own, client } = await opened({ maxReplyBytes: 2 ** 20 });
  client.pause();
  for (let at = 0; at < 400 && own.readyState === WebSocket.OPEN; at++) void paced.send([MESSAGE]);
  await until(() => own.readyState === WebSocket.CLOSED);
});

test('a page that answers no pings is gone, and one that does stays', async () => {
  const { own } = await opened({ pingMs: 40 });
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(own.readyState).toBe(WebSocket.OPEN);
  const silent = await mute((server.address() as AddressInfo).port);
  const [accepted] = [...server.clients].slice(-1);
  new PacedSocket(accepted as WebSocket, { ...LIMITS, maxReplyBytes: 1, pingMs: 40 });
  await until(() => accepted?.readyState === WebSocket.CLOSED);
  silent.destroy();
});

/** A client that opens a WebSocket and says nothing. */
async function mute(port: number): Promise<Socket> {
  const accepted = once(server, 'connection');
  const socket = connect(port, '127.0.0.1');
  const key = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13';
  socket.write(`GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n${key}\r\n\r\n`);
  await accepted;
  return socket;
}

test('a page that sends faster than it may is read later, in order and whole', async () => {
  const { paced, own, client } = await opened({ maxFramesPerSecond: 100 });
  const taken: (string | undefined)[] = [];
  let pauses = 0;
  const pause = own.pause.bind(own);
  own.pause = () => {
    pauses += 1;
    pause();
  };
  paced.listen({ take: (text) => taken.push(text), closed: () => {} });
  const sent = Array.from({ length: 40 }, (_, at) => `${at}`);
  for (const text of sent) {
    client.send(text);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => taken.length === sent.length);
  expect(taken).toEqual(sent);
  expect(pauses).toBeGreaterThan(1);
});

test('a page that is told of the end of its socket is not heard any more', async () => {
  const { paced, client } = await opened({});
  const taken: unknown[] = [];
  paced.listen({ take: (text) => taken.push(text), closed: () => {} });
  client.send('before');
  await until(() => taken.length === 1);
  client.pause();
  paced.close(4501, 'over');
  client.send('behind');
  client.resume();
  expect((await once(client, 'close'))[0]).toBe(4501);
  expect(taken).toEqual(['before']);
});
