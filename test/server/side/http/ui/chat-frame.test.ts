// Frames on the WebSocket of chats, those included that the transport of the AI SDK would never send.

import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type ChatServer, startChatServer } from '../../../../support/chat-server.ts';
import { answerOf, textEvents } from '../../../../support/response-events.ts';
import { until } from '../../../../support/until.ts';

type Reply = { readonly type: string; readonly requestId: string; readonly [key: string]: unknown };

const ANSWER = answerOf(textEvents(Array.from({ length: 40 }, (_, at) => `${at} `)));
const hello = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] };

let server: ChatServer;
let socket: WebSocket;
let replies: Reply[];
beforeEach(async () => {
  server = await startChatServer();
  socket = new WebSocket(server.url);
  replies = [];
  socket.on('message', (data) => replies.push(JSON.parse(String(data))));
  await once(socket, 'open');
});
afterEach(() => server.close());

const write = (frame: unknown) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
const ask = (requestId: string, more: object = {}) =>
  write({ type: 'send', requestId, id: 'chat-1', messages: [hello], headers: {}, body: {}, ...more });
const answered = (type: string, requestId: string) =>
  until(() => replies.find((reply) => reply.type === type && reply.requestId === requestId));

test.each<[string, unknown, string, string]>([
  ['no JSON', '{"type"', '', 'expected an object in JSON'],
  ['a list', '[]', '', 'expected an object in JSON'],
  ['JSON that is too deep', '['.repeat(5000), '', 'nested at most'],
  ['no requestId', { type: 'send' }, '', 'requestId'],
  ['a requestId that is too long', { type: 'send', requestId: 'x'.repeat(201) }, '', 'requestId'],
  ['another type', { type: 'stop', requestId: 'x' }, 'x', 'type: expected one of send, resume, abort'],
  ['no type', { requestId: 'x' }, 'x', 'type'],
  ['headers that are none', { type: 'send', requestId: 'x', headers: 5 }, 'x', 'headers'],
  ['a body that is none', { type: 'send', requestId: 'x', body: [] }, 'x', 'body'],
  ['no chat', { type: 'send', requestId: 'x', messages: [] }, 'x', 'id'],
  ['no messages', { type: 'send', requestId: 'x', id: 'c' }, 'x', 'messages'],
  ['a resume without a chat', { type: 'resume', requestId: 'x' }, 'x', 'id'],
  ['a sequence that is none', { type: 'resume', requestId: 'x', id: 'c', lastSequence: -1 }, 'x', 'lastSequence'],
  ['an answer that is none', { type: 'resume', requestId: 'x', id: 'c', responseId: 5 }, 'x', 'responseId'],
  ['a message that is none', { type: 'resume', requestId: 'x', id: 'c', sentAs: 5 }, 'x', 'sentAs'],
  ['a sequence of no answer', { type: 'resume', requestId: 'x', id: 'c', lastSequence: 1 }, 'x', 'responseId'],
])('%s: that request fails, and the others of the socket go on', async (_, frame, requestId, message) => {
  ask('good');
  const run = await until(() => server.runs.started[0]);
  run.write(...ANSWER.slice(0, 9));
  write(frame);
  expect(await answered('error', requestId)).toMatchObject({
    code: 'invalid_request',
    errorText: expect.stringContaining(message),
  });
  run.write(...ANSWER.slice(9));
  run.end();
  await answered('end', 'good');
  const chunks = replies.filter(({ type }) => type === 'chunk');
  expect(chunks.map(({ sequence }) => sequence)).toEqual(chunks.map((_, at) => at));
});

test('the head of the handshake is no place for a model: a frame has the headers of its request', async () => {
  ask('x', { headers: { 'X-Trunkline-Class': 'a', authorization: 'Bearer secret', 'x-other': 'b' } });
  const run = await until(() => server.runs.started[0]);
  expect(run.order.headers).toEqual({ 'x-trunkline-class': 'a' });
});

test('an id that is in use is refused', async () => {
  ask('x');
  ask('x');
  expect(await answered('error', 'x')).toMatchObject({ param: 'requestId' });
  expect(server.runs.started).toHaveLength(1);
});

test('a resume goes on behind the last chunk that the page has, and one from the future is named', async () => {
  server.runs.onStart = (run) => {
    run.write(...ANSWER);
    run.end();
  };
  ask('x');
  await answered('end', 'x');
  const chunksOfRequest = (id: string) => replies.filter(({ type, requestId }) => type === 'chunk' && requestId === id);
  const all = chunksOfRequest('x').map(({ sequence, chunk }) => ({ sequence, chunk }));
  const meant = { type: 'resume', id: 'chat-1', responseId: 'resp_1' };
  write({ ...meant, requestId: 'y', lastSequence: 20 });
  await answered('end', 'y');
  expect(replies.findIndex(({ type, requestId }) => type === 'start' && requestId === 'y')).toBeGreaterThan(0);
  expect(chunksOfRequest('y').map(({ sequence, chunk }) => ({ sequence, chunk }))).toEqual(all.slice(21));
  write({ ...meant, requestId: 'z', lastSequence: all.length });
  expect(await answered('error', 'z')).toMatchObject({
    errorText: `lastSequence: expected at most ${all.length - 1}, the last chunk of this answer`,
  });
  write({ ...meant, requestId: 'w', lastSequence: all.length - 1 });
  await answered('end', 'w');
});

test('a resume goes on with the answer that it names, though another page has asked for a newer one', async () => {
  server.runs.onStart = (run) => {
    run.id = `resp_${server.runs.started.length}`;
    run.write(...answerOf(textEvents([`${run.id} `, 'has ', 'this'])));
    run.end();
  };
  ask('one');
  await answered('end', 'one');
  ask('two');
  await answered('end', 'two');
  const textOf = (id: string) =>
    replies.flatMap(({ requestId, chunk }) => (requestId === id ? ((chunk as { delta?: string })?.delta ?? []) : []));
  write({ type: 'resume', requestId: 'x', id: 'chat-1', responseId: 'resp_1', lastSequence: 2 });
  write({ type: 'resume', requestId: 'y', id: 'chat-1', responseId: 'resp_1' });
  write({ type: 'resume', requestId: 'z', id: 'chat-1' });
  write({ type: 'resume', requestId: 'w', id: 'chat-1', responseId: 'resp_9' });
  write({ type: 'resume', requestId: 'v', id: 'chat-1', sentAs: 'one' });
  write({ type: 'resume', requestId: 'u', id: 'chat-1', sentAs: 'three' });
  const read = ['x', 'y', 'z', 'v'];
  const missing = ['w', 'u'].map((id) => answered('no-active', id));
  await Promise.all([...read.map((id) => answered('end', id)), ...missing]);
  const texts = ['resp_1 has this', 'resp_1 has this', 'resp_2 has this', 'resp_1 has this'];
  expect(read.map((id) => textOf(id).join(''))).toEqual(texts);
});

test('an abort of what is not there is nothing', async () => {
  write({ type: 'abort', requestId: 'nobody' });
  write({ type: 'resume', requestId: 'x', id: 'none' });
  await answered('no-active', 'x');
  expect(replies).toHaveLength(1);
});

test('more than 100 answers at once are refused', async () => {
  for (let at = 0; at <= 100; at++) ask(`r${at}`, { id: `chat-${at}` });
  expect(await answered('error', 'r100')).toMatchObject({ code: 'too_many_answers' });
  expect(server.runs.started).toHaveLength(100);
  expect(server.places()).toBe(100);
  socket.close();
  await until(() => server.places() === 0);
});
