// One request and its answer in pieces: how it ends when the client leaves, and when the answer is too long or unwanted.

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { publicAgent } from '../../../../../server/platform/outbound/outbound-agent.ts';
import { type Head, type SendOptions, send } from '../../../../../server/side/llm/send/send.ts';

async function target(listener: RequestListener, connections = 4) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = publicAgent({ allowPrivate: true, connectMs: 1000, connections });
  onTestFinished(async () => {
    await agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1?a=b`;
  const pieces: Buffer[] = [];
  const heads: Head[] = [];
  const onHead = (head: Head) => {
    heads.push(head);
    return (piece: Buffer) => void pieces.push(piece);
  };
  const ask = (more: Partial<SendOptions> = {}) =>
    send(
      agent,
      { url, headers: { 'content-type': 'text/plain' }, body: 'asked' },
      { signal: new AbortController().signal, heard: () => {}, maxBytes: 100, onHead, ...more },
    );
  return { ask, heads, text: () => Buffer.concat(pieces).toString() };
}

test('the body comes in pieces after the head, with headers of one name joined', async () => {
  const { ask, text } = await target((request, response) => {
    response.writeHead(418, { 'x-two': ['a', 'b'] });
    request.pipe(response);
  });
  expect(await ask()).toMatchObject({ status: 418, headers: { 'x-two': 'a, b' } });
  expect(text()).toBe('asked');
});

test('an informational answer is not the head', async () => {
  const { ask, heads } = await target((_, response) => {
    response.writeEarlyHints({ link: '</x>; rel=preload' });
    response.end('x');
  });
  expect((await ask()).status).toBe(200);
  expect(heads).toHaveLength(1);
});

test('a body of maxBytes is taken, one byte more ends the request', async () => {
  const { ask } = await target((_, response) => response.end('x'.repeat(100)));
  expect((await ask()).status).toBe(200);
  await expect(ask({ maxBytes: 99 })).rejects.toMatchObject({ code: 'garbled' });
});

test.each(['onHead', 'its function'])('what %s throws ends the request and its connection', async (where) => {
  const closed = Promise.withResolvers<void>();
  const { ask } = await target((_, response) => {
    response.once('close', () => closed.resolve());
    response.write('first');
  });
  const fail = () => {
    throw new Error('unwanted');
  };
  await expect(ask({ onHead: where === 'onHead' ? fail : () => fail })).rejects.toThrow('unwanted');
  await closed.promise;
});

test('an aborted signal ends the request before it is sent, while it waits for a connection, and in the middle of the answer', async () => {
  let asked = 0;
  const closed = Promise.withResolvers<void>();
  const { ask } = await target((_, response) => {
    asked++;
    response.once('close', () => closed.resolve());
    response.write('first');
  }, 1);
  await expect(ask({ signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early');
  const [first, second] = [new AbortController(), new AbortController()];
  const begun = Promise.withResolvers<void>();
  const middle = ask({ signal: first.signal, onHead: () => () => begun.resolve() });
  const waiting = ask({ signal: second.signal });
  await begun.promise;
  second.abort(new Error('while it waits'));
  await expect(waiting).rejects.toThrow('while it waits');
  first.abort(new Error('in the middle'));
  await expect(middle).rejects.toThrow('in the middle');
  await closed.promise;
  expect(asked).toBe(1);
});

test('an answer that breaks off is an error', async () => {
  const { ask, text } = await target((_, response) => {
    response.writeHead(200, { 'content-length': 10 });
    response.write('first', () => response.destroy());
  });
  await expect(ask()).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  expect(text()).toBe('first');
});
