// Relaying to a side process that hangs, or whose answer HTTP cannot carry.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { SideHandler, SideReplyHead } from '../../../../../server/ipc/side-request.ts';
import { relay } from '../../../../../server/side/http/public/relay.ts';
import { openRaw } from '../../../../support/raw-socket.ts';

const request = {
  requester: { scope: 'admin' },
  method: 'GET',
  path: '/tasks',
  query: {},
  headers: {},
  body: undefined,
} as const;

test('gives up an answer that does not begin within headMs, and writes nothing of it later', async () => {
  const late = Promise.withResolvers<void>();
  let isAborted = false;
  const hung: SideHandler = async (_, emit, signal) => {
    await late.promise;
    isAborted = signal.aborted;
    emit({ status: 200, headers: {}, body: Buffer.from('too late') });
  };
  const server = createServer(async (_, response) => {
    const outcome = await relay(request, response, { ask: hung, maxReplyBytes: 1024, stallMs: 1000, headMs: 20 });
    late.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    response.end(outcome);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
  expect(await answer.text()).toBe('unavailable');
  expect(isAborted).toBe(true);
  server.close();
});

test('breaks off an answer that HTTP cannot carry, without an error for the handler', async () => {
  const heads: SideReplyHead[] = [
    { status: 200, headers: { 'x-name': 'two\r\nlines' }, body: Buffer.from('{}') },
    { status: 7, headers: {}, body: Buffer.from('{}') },
  ];
  let thrown: unknown;
  const server = createServer(async (_, response) => {
    const wrong: SideHandler = async (_request, emit) => {
      try {
        emit(heads.shift() as SideReplyHead);
      } catch (error) {
        thrown = error;
      }
    };
    await relay(request, response, { ask: wrong, maxReplyBytes: 1024, stallMs: 1000 });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  for (let count = 0; count < 2; count += 1) await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  expect(thrown).toBeUndefined();
  server.close();
});

test('an answer to HEAD ends with its head, though a stream would follow, and the call is given up', async () => {
  const stopped = Promise.withResolvers<void>();
  const stream: SideHandler = (_request, emit, signal) => {
    signal.addEventListener('abort', () => stopped.resolve());
    emit({ status: 200, headers: { 'content-type': 'text/event-stream' } });
    emit(Buffer.from('retry: 1000'));
    return stopped.promise;
  };
  const server = createServer((_, response) => {
    void relay(request, response, { ask: stream, maxReplyBytes: 1024, stallMs: 1000 });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const raw = openRaw((server.address() as AddressInfo).port);
  for (let count = 0; count < 2; count += 1) {
    raw.send('HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    expect((await raw.answer()).status).toBe(200);
  }
  await stopped.promise;
  raw.socket.destroy();
  server.close();
});

describe('a client that reads', () => {
  const MiB = 1024 * 1024;
  const body = Buffer.alloc(24 * MiB, 'x');
  const large: SideHandler = async (_request, emit) => {
    emit({ status: 200, headers: { 'content-type': 'application/jsonl' } });
    await emit(body, true);
    emit(Buffer.from('the end'));
  };

  /** Opens a client of a relay that cuts off after 800 ms without progress. Its socket is paused. */
  async function open() {
    const server = createServer((_, response) => {
      void relay(request, response, { ask: large, maxReplyBytes: 64 * MiB, stallMs: 800 });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const socket = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
    await once(socket, 'readable');
    return socket;
  }

  test('slowly but steadily gets its answer, though that takes longer than stallMs', async () => {
    const socket = await open();
    const from = performance.now();
    let bytes = 0;
    let tail = '';
    socket.on('data', (piece: Buffer) => {
      const before = bytes;
      bytes += piece.length;
      tail = (tail + piece.toString('latin1')).slice(-20);
      if (Math.floor(before / MiB) === Math.floor(bytes / MiB)) return;
      socket.pause();
      setTimeout(() => socket.resume(), 100);
    });
    await once(socket, 'close');
    expect(performance.now() - from).toBeGreaterThan(1600);
    expect(bytes).toBeGreaterThan(body.length);
    expect(tail).toContain('the end');
  });

  test('nothing is cut off', async () => {
    const socket = await open();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    let bytes = 0;
    socket.on('data', (piece: Buffer) => {
      bytes += piece.length;
    });
    await once(socket, 'close');
    expect(bytes).toBeLessThan(body.length);
  });
});

test('each piece of a stream is one chunk of its own, an empty one is none, and the connection is kept', async () => {
  const stream: SideHandler = async (_request, emit) => {
    emit({ status: 200, headers: { 'content-type': 'text/event-stream' } });
    for (const piece of ['data: 1\n\n', '', `data: ${'x'.repeat(300)}\n\n`]) emit(Buffer.from(piece));
  };
  const server = createServer((_, response) => {
    void relay(request, response, { ask: stream, maxReplyBytes: 1024, stallMs: 1000 });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const socket = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (bytes) => {
    received += bytes;
  });
  const body = `9\r\ndata: 1\n\n\r\n134\r\ndata: ${'x'.repeat(300)}\n\n\r\n0\r\n\r\n`;
  for (const count of [1, 2]) {
    socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    while (received.split(body).length - 1 < count) await once(socket, 'data');
  }
  expect(received.match(/transfer-encoding: chunked/gi)).toHaveLength(2);
  socket.destroy();
});

test('a stream to a client of HTTP/1.0 has no chunks, and ends with its connection', async () => {
  const stream: SideHandler = async (_request, emit) => {
    emit({ status: 200, headers: { 'content-type': 'text/event-stream' } });
    emit(Buffer.from('data: 1\n\n'));
  };
  const server = createServer((_, response) => {
    void relay(request, response, { ask: stream, maxReplyBytes: 1024, stallMs: 1000 });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const socket = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n');
  let received = '';
  for await (const bytes of socket) received += String(bytes);
  expect(received.split('\r\n\r\n')[1]).toBe('data: 1\n\n');
});
