// The readers of streamed answers against the endpoint of tokens, and against a server of chats that the test plays.

import { once } from 'node:events';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { percentilesMs } from '../../../../bench/figures/histogram.ts';
import {
  type Readers,
  startReaders,
  startTokenEndpoint,
  type TokenEndpoint,
} from '../../../../bench/load/load-processes.ts';
import { tokenStamp } from '../../../../bench/load/tokens/token-stamp.ts';
import { nowNs } from '../../../../bench/load/wire.ts';

let endpoint: TokenEndpoint;
let readers: Readers;

beforeAll(async () => {
  endpoint = await startTokenEndpoint({ pace: { thinkMs: 20, tokens: 5, gapMs: 10 } });
  readers = startReaders();
});
afterAll(async () => {
  await readers.stop();
  await endpoint.stop();
});

const plan = (path: string) => ({
  url: `http://127.0.0.1:${endpoint.port}${path}`,
  headers: { authorization: 'Bearer x' },
  body: JSON.stringify({ model: 'bench', stream: true }),
  readers: 4,
  rampMs: 40,
  measureMs: 800,
  tokens: 5,
});

test('both forms are read, and their first token is timed without the time of the endpoint', async () => {
  for (const path of ['/v1/chat/completions', '/v1/responses']) {
    const read = await readers.read(plan(path));
    expect(read.answers).toBe(read.asked);
    expect(read.answers).toBeGreaterThan(0);
    expect(read.tokensInAll).toBeGreaterThanOrEqual(5 * read.answers);
    expect(read.faults).toEqual({});
    expect(percentilesMs(read.firsts).count).toBe(read.answers);
    expect(percentilesMs(read.gaps).count).toBeGreaterThan(0);
  }
});

test('readers that ask once are counted though they asked before the measured time', async () => {
  const read = await readers.read({ ...plan('/v1/responses'), isOnce: true });
  expect(read).toMatchObject({ asked: 4, answers: 4, tokensInAll: 20 });
});

test('an address that refuses is a fault with its status', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, verifyClient: () => false });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const { body: _, ...chat } = plan('');
  await expect(readers.read({ ...chat, url: `ws://127.0.0.1:${port}/v1/ui/chat` })).rejects.toThrow('401');
});

test('chats are asked and resumed over the frames of the transport', async () => {
  const frames: { type: string; id: string; headers: object }[] = [];
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data));
      frames.push(frame);
      const { requestId } = frame;
      const delta = tokenStamp({ writtenNs: nowNs(), comeNs: nowNs() });
      const said = { type: 'chunk', requestId, chunk: { type: 'text-delta', id: '1', delta } };
      for (let sequence = 0; sequence < 5; sequence += 1) socket.send(JSON.stringify({ ...said, sequence }));
      socket.send(JSON.stringify({ type: 'end', requestId }));
    });
  });
  const { port } = server.address() as { port: number };
  const { body: _, ...chat } = plan('');
  const url = `ws://127.0.0.1:${port}/v1/ui/chat`;
  const read = await readers.read({ ...chat, url });
  expect(read.answers).toBe(read.asked);
  expect(read.answers).toBeGreaterThan(0);
  const asked = frames.splice(0);
  expect(new Set(asked.map(({ id }) => id)).size).toBe(asked.length);
  expect(asked[0]).toMatchObject({ type: 'send', headers: chat.headers });
  const times = await readers.resume({ url, headers: chat.headers, tokens: 5, cutAfter: 2, count: 3 });
  expect(percentilesMs(times).count).toBe(3);
  expect(frames.map(({ type }) => type)).toEqual(['send', 'resume', 'send', 'resume', 'send', 'resume']);
  expect(frames[1]?.id).toBe(frames[0]?.id);
});
