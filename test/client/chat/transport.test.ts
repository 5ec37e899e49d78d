// Answers over sockets that are lost: every chunk comes once, in order, and a message is not sent twice.

import type { ChatTransport, UIMessage, UIMessageChunk } from 'ai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { GatewayChatTransport } from '../../../client/index.ts';
import { type SocketServer, startSocketServer } from '../../support/socket-server.ts';
import { until } from '../../support/until.ts';

let server: SocketServer;
let frames: Record<string, unknown>[];
let transport: GatewayChatTransport;
const states: string[] = [];
const causes: (Error | undefined)[] = [];

beforeEach(async () => {
  server = await startSocketServer();
  frames = [];
  states.length = causes.length = 0;
  server.onMessage = (frame) => frames.push(frame);
  transport = chat();
});
afterEach(async () => {
  transport.close();
  await server.close();
});

const chat = (more: object = {}) =>
  new GatewayChatTransport({
    ...{ gateway: server.address, credential: 'secret', retry: { firstMs: 10 }, body: { model: 'm' } },
    onState(state: string, cause?: Error) {
      states.push(state);
      if (state === 'waiting') causes.push(cause);
    },
    ...more,
  });

const user: UIMessage = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] };
const send = (messages = [user], signal?: AbortSignal) =>
  transport.sendMessages({
    ...{ trigger: 'submit-message', chatId: 'c', messageId: undefined, messages, abortSignal: signal },
  });
const CHUNKS: readonly UIMessageChunk[] = [
  { type: 'start', messageId: 'resp_1', messageMetadata: { responseId: 'resp_1' } },
  { type: 'text-start', id: 't' },
  { type: 'text-delta', id: 't', delta: 'one ' },
  { type: 'text-delta', id: 't', delta: 'two' },
  { type: 'text-end', id: 't' },
  { type: 'finish' },
];

async function frame(index: number): Promise<Record<string, unknown>> {
  await until(() => frames.length > index);
  return frames[index] as Record<string, unknown>;
}

/** Says chunks of the answer under the request of that frame. */
function say({ requestId }: Record<string, unknown>, { from = 0, to = CHUNKS.length, end = false } = {}): void {
  const socket = server.sockets.at(-1) as WebSocket;
  for (const [sequence, chunk] of CHUNKS.entries())
    if (sequence >= from && sequence < to) socket.send(JSON.stringify({ type: 'chunk', requestId, sequence, chunk }));
  if (end) socket.send(JSON.stringify({ type: 'end', requestId }));
}

const reply = ({ requestId }: Record<string, unknown>, type: string, more: object = {}) =>
  server.sockets.at(-1)?.send(JSON.stringify({ type, requestId, ...more }));

async function read(stream: ReadableStream<UIMessageChunk> | null, count = Number.POSITIVE_INFINITY) {
  const chunks: UIMessageChunk[] = [];
  const reader = (stream as ReadableStream<UIMessageChunk>).getReader();
  while (chunks.length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
  }
  reader.releaseLock();
  return chunks;
}

test('it is a transport of the AI SDK, whose message arrives with the credential among the subprotocols', async () => {
  const asTheSdkTakesIt: ChatTransport<UIMessage> = transport;
  expect(asTheSdkTakesIt).toBe(transport);
  const stream = await send();
  const sent = await frame(0);
  expect(sent).toMatchObject({
    type: 'send',
    id: 'c',
    trigger: 'submit-message',
    messages: [user],
    body: { model: 'm' },
  });
  expect(server.upgrades[0]?.url).toBe('/v1/ui/chat');
  expect(server.upgrades[0]?.headers['sec-websocket-protocol']).toMatch(/^realtime, ?bearer\.secret$/);
  say(sent, { end: true });
  expect(await read(stream)).toEqual(CHUNKS);
});

test('an answer whose socket is lost goes on behind the last chunk that came', async () => {
  const stream = await send();
  say(await frame(0), { to: 3 });
  const begin = await read(stream, 3);
  server.sockets[0]?.terminate();
  const resumed = await frame(1);
  expect(resumed).toMatchObject({
    type: 'resume',
    id: 'c',
    responseId: 'resp_1',
    lastSequence: 2,
    body: { model: 'm' },
  });
  reply(resumed, 'start');
  say(resumed, { from: 3, end: true });
  expect([...begin, ...(await read(stream))]).toEqual(CHUNKS);
  expect(states).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open']);
  expect(causes.map((cause) => cause?.message)).toEqual(['the connection to the gateway ended: close code 1006']);
});

test('what is still said to a request of a lost socket does not count', async () => {
  const stream = await send();
  const first = await frame(0);
  say(first, { to: 2 });
  await read(stream, 2);
  server.sockets[0]?.terminate();
  const second = await frame(1);
  say(first, { from: 2 });
  say(second, { from: 2, end: true });
  expect(await read(stream)).toEqual(CHUNKS.slice(2));
});

test('a message whose socket was lost before the answer began is not sent again where it arrived', async () => {
  const stream = await send();
  const { requestId: sentAs } = await frame(0);
  server.sockets[0]?.terminate();
  const asked = await frame(1);
  expect(asked).toMatchObject({ type: 'resume', id: 'c', sentAs });
  expect(asked).not.toHaveProperty('lastSequence');
  reply(asked, 'start');
  say(asked, { end: true });
  expect(await read(stream)).toEqual(CHUNKS);
});

test('a message that did not arrive is sent again', async () => {
  const stream = await send();
  await frame(0);
  server.sockets[0]?.terminate();
  reply(await frame(1), 'no-active');
  const again = await frame(2);
  expect(again).toMatchObject({ type: 'send', messages: [user] });
  server.sockets[1]?.terminate();
  const asked = await frame(3);
  expect(asked).toMatchObject({ type: 'resume', sentAs: again.requestId });
  say(asked, { end: true });
  expect(await read(stream)).toEqual(CHUNKS);
});

test('a page that was loaded anew gets the whole answer, also over a second lost socket', async () => {
  const resuming = transport.reconnectToStream({ chatId: 'c' });
  const first = await frame(0);
  expect(first).toMatchObject({ type: 'resume', id: 'c' });
  reply(first, 'start');
  say(first, { to: 4 });
  const stream = await resuming;
  const begin = await read(stream, 4);
  server.sockets[0]?.terminate();
  const second = await frame(1);
  expect(second).toMatchObject({ type: 'resume', responseId: 'resp_1' });
  expect(second).not.toHaveProperty('lastSequence');
  say(second, { end: true });
  expect([...begin, ...(await read(stream))]).toEqual(CHUNKS);
});

test('what no model was asked for is asked for again, and comes once', async () => {
  const calls: readonly UIMessageChunk[] = [
    { type: 'start', messageId: 'a1' },
    { type: 'tool-input-available', toolCallId: 'c', toolName: 'x', input: {} },
    { type: 'finish', finishReason: 'tool-calls' },
  ];
  const sayCall = ({ requestId }: Record<string, unknown>, sequence: number) =>
    server.sockets.at(-1)?.send(JSON.stringify({ type: 'chunk', requestId, sequence, chunk: calls[sequence] }));
  const stream = await send();
  sayCall(await frame(0), 0);
  const begin = await read(stream, 1);
  server.sockets[0]?.terminate();
  const again = await frame(1);
  expect(again).toMatchObject({ type: 'send', messages: [user] });
  for (const sequence of calls.keys()) sayCall(again, sequence);
  reply(again, 'end');
  expect([...begin, ...(await read(stream))]).toEqual(calls);
});

test('a chat without an answer has nothing to go on with', async () => {
  const resuming = transport.reconnectToStream({ chatId: 'c' });
  reply(await frame(0), 'no-active');
  expect(await resuming).toBeNull();
});

test('an answer that the gateway has lost ends with an error', async () => {
  const stream = await send();
  say(await frame(0), { to: 2 });
  await read(stream, 2);
  server.sockets[0]?.terminate();
  reply(await frame(1), 'no-active');
  await expect(read(stream)).rejects.toThrow('the gateway has nothing of this answer any more');
});

test('an error of the gateway is that of its answer alone', async () => {
  const [first, second] = [await send(), await send()];
  const [one, two] = [await frame(0), await frame(1)];
  reply(one, 'error', { errorText: 'no such model', code: 'model_not_found' });
  say(two, { end: true });
  await expect(read(first)).rejects.toThrow('no such model');
  expect(await read(second)).toEqual(CHUNKS);
});

test('a chunk that is missing is asked for', async () => {
  const stream = await send();
  const first = await frame(0);
  say(first, { to: 2 });
  say(first, { from: 3 });
  const second = await frame(1);
  expect(second).toMatchObject({ type: 'resume', responseId: 'resp_1', lastSequence: 1 });
  say(second, { from: 2, end: true });
  expect(await read(stream)).toEqual(CHUNKS);
});

test('an answer that the page aborts is ended at the gateway, and its stream closes', async () => {
  const stop = new AbortController();
  const stream = await send([user], stop.signal);
  const { requestId, ...sent } = await frame(0);
  say({ requestId, ...sent }, { to: 2 });
  await read(stream, 2);
  stop.abort();
  expect(await frame(1)).toEqual({ type: 'abort', requestId });
  expect(await read(stream)).toEqual([]);
});

test('an answer that is aborted while there is no socket is ended when there is one again', async () => {
  const stop = new AbortController();
  const stream = await send([user], stop.signal);
  say(await frame(0), { to: 2 });
  await read(stream, 2);
  server.sockets[0]?.terminate();
  await until(() => states.includes('waiting'));
  stop.abort();
  const { requestId, ...meant } = await frame(1);
  expect(meant).toMatchObject({ type: 'resume', responseId: 'resp_1' });
  expect(await frame(2)).toEqual({ type: 'abort', requestId });
});

test('a refusal that will stay one ends the answer with what the gateway said', async () => {
  server.refusal = { status: 403, body: { error: { message: 'another page', code: 'origin_not_allowed' } } };
  await expect(send()).rejects.toMatchObject({ message: 'another page', code: 'origin_not_allowed', status: 403 });
  expect(server.upgrades).toHaveLength(1);
});

test('a refusal that passes is waited for as long as the gateway says', async () => {
  const error = { message: 'draining', code: 'draining' };
  server.refusal = { status: 503, body: { error }, headers: { 'retry-after': '1' } };
  const sending = send();
  await until(() => states.includes('waiting'));
  server.refusal = undefined;
  const began = performance.now();
  await sending;
  expect(performance.now() - began).toBeGreaterThan(700);
  expect(server.upgrades).toHaveLength(2);
});

test('a close that is final ends the answer', async () => {
  const stream = await send();
  await frame(0);
  server.sockets[0]?.close(4501, 'the key was revoked');
  await expect(read(stream)).rejects.toThrow('the key was revoked');
  expect(server.upgrades).toHaveLength(1);
});

test('each connection asks for a credential of its own', async () => {
  let count = 0;
  transport = chat({ credential: async () => `secret-${++count}` });
  const stream = await send();
  say(await frame(0), { to: 1 });
  await read(stream, 1);
  server.sockets[0]?.terminate();
  say(await frame(1), { from: 1, end: true });
  await read(stream);
  expect(server.upgrades.map(({ headers }) => headers['sec-websocket-protocol'])).toEqual([
    expect.stringContaining('bearer.secret-1'),
    expect.stringContaining('bearer.secret-2'),
  ]);
});

test('a chat that is closed fails what is being answered, and opens anew for the next message', async () => {
  const stream = await send();
  await frame(0);
  transport.close();
  await expect(read(stream)).rejects.toThrow('the chat was closed');
  const next = await send();
  say(await frame(1), { end: true });
  expect(await read(next)).toEqual(CHUNKS);
});
