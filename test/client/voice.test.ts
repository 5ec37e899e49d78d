// Voice sessions that end in every way: which are opened again, with what, and what the app hears.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectVoice, type GatewayProblem, type SocketClose, type VoiceSession } from '../../client/index.ts';
import { type SocketServer, startSocketServer } from '../support/socket-server.ts';
import { until } from '../support/until.ts';

let server: SocketServer;
let session: VoiceSession;
const opened: boolean[] = [];
const messages: unknown[] = [];
const lost: (SocketClose | GatewayProblem)[] = [];
const ends: (SocketClose | GatewayProblem)[] = [];

beforeEach(async () => {
  server = await startSocketServer();
  for (const list of [opened, messages, lost, ends]) list.length = 0;
});
afterEach(async () => {
  session.close();
  await server.close();
});

function connect(more: object = {}): void {
  session = connectVoice({
    ...{ gateway: server.address, path: '/v1/realtime', query: { model: 'm' }, credential: 'secret' },
    retry: { firstMs: 10, giveUpMs: 30_000 },
    onOpen: ({ isContinued }) => opened.push(isContinued),
    onMessage: (message) => messages.push(message),
    onLost: (cause) => lost.push(cause),
    onClose: (cause) => ends.push(cause),
    ...more,
  });
}

const queryOf = (index: number) => new URL(server.upgrades[index]?.url ?? '', 'http://gateway').searchParams;

test('a session is opened under an id of its own, and takes JSON both ways', async () => {
  const sent: unknown[] = [];
  server.onMessage = (message) => sent.push(message);
  server.onOpen = (socket) => socket.send('{"type":"session.created"}');
  connect();
  expect(session.send({ type: 'early' })).toBe(false);
  await until(() => messages.length === 1);
  expect(messages).toEqual([{ type: 'session.created' }]);
  expect(opened).toEqual([false]);
  expect(Object.fromEntries(queryOf(0))).toEqual({ model: 'm', 'trunkline-session': session.id });
  expect(session.send({ type: 'response.create' })).toBe(true);
  await until(() => sent.length === 1);
  expect(sent).toEqual([{ type: 'response.create' }]);
});

test("bytes stay bytes, and Deepgram's path gets its own form of the credential", async () => {
  server.onOpen = (socket) => socket.send(Buffer.from([1, 2]));
  connect({ path: '/v1/agent/converse', query: {} });
  await until(() => messages.length === 1);
  expect(new Uint8Array(messages[0] as ArrayBuffer)).toEqual(new Uint8Array([1, 2]));
  expect(server.upgrades[0]?.headers['sec-websocket-protocol']).toMatch(/^token, ?secret$/);
});

test('a lost session is opened again, and goes on with the one before', async () => {
  connect();
  await until(() => opened.length === 1);
  const first = session.id;
  server.sockets[0]?.close(1011, 'gone');
  await until(() => opened.length === 2);
  expect(opened).toEqual([false, true]);
  expect(lost).toEqual([{ code: 1011, reason: 'gone', kind: 'broken', mayRetry: true }]);
  expect(queryOf(1).get('trunkline-continue')).toBe(first);
  expect(session.id).not.toBe(first);
  expect(ends).toEqual([]);
});

test('a session whose dialect takes no context is opened anew', async () => {
  connect();
  await until(() => opened.length === 1);
  server.refusal = { status: 400, body: { error: { message: 'no context here', code: 'context_not_taken' } } };
  server.sockets[0]?.terminate();
  await until(() => lost.length === 2);
  server.refusal = undefined;
  await until(() => opened.length === 2);
  expect(opened).toEqual([false, false]);
  expect(queryOf(server.upgrades.length - 1).has('trunkline-continue')).toBe(false);
});

test.each([
  [4501, 'key_revoked'],
  [4502, 'budget_reached'],
  [4503, 'session_limit'],
  [4504, 'ended_by_operator'],
  [1008, 'rule'],
])('close %i is final: %s', async (code, kind) => {
  connect();
  await until(() => opened.length === 1);
  server.sockets[0]?.close(code, 'because');
  await until(() => ends.length === 1);
  expect(ends).toEqual([{ code, kind, reason: 'because', mayRetry: false }]);
  expect(lost).toEqual([]);
});

test('a refusal says what the gateway said, and is final', async () => {
  server.refusal = { status: 403, body: { error: { message: 'not that model', code: 'model_not_allowed' } } };
  connect();
  await until(() => ends.length === 1);
  expect(ends[0]).toMatchObject({ status: 403, code: 'model_not_allowed', message: 'not that model' });
});

test('a gateway that cannot be reached is asked again until it is time to give up', async () => {
  const { address } = server;
  connect({ gateway: address.replace(/\d+$/, '1'), retry: { firstMs: 5, mostMs: 20, giveUpMs: 2000 } });
  await until(() => ends.length === 1);
  expect(lost.length).toBeGreaterThanOrEqual(1);
  expect(ends[0]).toMatchObject({ status: 0, message: expect.stringContaining('cannot be reached') });
});

test('a key that no subprotocol can carry is named as such', async () => {
  connect({ credential: 'a key' });
  await until(() => ends.length === 1);
  expect(ends[0]).toMatchObject({ status: 400, message: expect.stringContaining('expected a key') });
  expect(server.upgrades).toEqual([]);
});

test('a session that the app closes stays closed', async () => {
  connect();
  await until(() => opened.length === 1);
  session.close();
  expect(ends).toMatchObject([{ code: 1000, kind: 'ended' }]);
  expect(session.send({})).toBe(false);
});

test('what is no address of a gateway ends it, as soon as the app has the session', async () => {
  connect({ gateway: 'localhost:8080' });
  expect(ends).toEqual([]);
  await until(() => ends.length === 1);
  expect(ends).toMatchObject([{ status: 400, param: 'gateway', message: expect.stringContaining('localhost:8080') }]);
  expect(lost).toEqual([]);
});
