// Server-sent events, read with fetch from a real server.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createEventCounter, followStream } from '../../../../server/console/api/event-stream.ts';

const text =
  ': hello\r\nretry: 1000\r\n\r\nid: 1\revent: task.done\rdata: {"a":1}\r\rdata: two\ndata:  lines\nid\n\ndata: open';

test('complete events with data are counted, however the stream is cut', () => {
  for (let size = 1; size <= text.length; size++) {
    const countIn = createEventCounter();
    let events = 0;
    for (let at = 0; at < text.length; at += size) events += countIn(text.slice(at, at + size));
    expect(events).toBe(2);
  }
});

async function serve(status: number, type: string, pieces: readonly string[]) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    response.writeHead(status, { 'content-type': type });
    for (const piece of pieces) response.write(piece);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`, asked };
}

const follow = (url: string, onEvent: () => void = () => {}) =>
  followStream({ fetch, url, headers: { authorization: 'Bearer k' }, signal: new AbortController().signal, onEvent });

test('a stream is requested with the credential and followed to its end', async () => {
  const { url, asked } = await serve(200, 'text/event-stream', ['event: a\nda', 'ta: 1\n\n', 'data: 2\n\n']);
  let events = 0;
  expect(await follow(url, () => (events += 1))).toBe(200);
  expect(events).toBe(2);
  expect(asked[0]?.headers).toMatchObject({ accept: 'text/event-stream', authorization: 'Bearer k' });
});

test('an answer that is no stream ends with its status', async () => {
  expect(await follow((await serve(503, 'application/json', ['{}'])).url)).toBe(503);
  expect(await follow((await serve(200, 'text/html', ['data: no\n\n'])).url)).toBe(406);
  expect(await follow('http://127.0.0.1:1/events')).toBe(0);
});
