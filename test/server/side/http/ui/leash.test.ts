// Tests how sockets of chats and of routed Responses end: by their time, with their key and with their process, each with the words and the close that a
// session would get, and what becomes of their answers.

import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { RESPONSES_CAP, startLeash } from '../../../../../server/side/http/ui/leash.ts';
import { askKeys, makeKey } from '../../../../support/key-server.ts';
import { type LlmBehaviour, type LlmGateway, llmGateway } from '../../../../support/llm-gateway.ts';
import { killAll } from '../../../../support/processes.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { until } from '../../../../support/until.ts';

const SHORT = { maxSessionSeconds: 4 };
const KEYS = [
  { id: 'lasting', secret: 'secret-of-lasting', responses: 'routed' },
  { id: 'short', secret: 'secret-of-short', responses: 'routed', ...SHORT },
  { id: 'classed', secret: 'secret-of-classed', responses: 'routed', class: 'short' },
];
const data = temporaryFolder('sockets');
let llm: LlmGateway;
let served: Served;
let config: Record<string, unknown>;
beforeAll(async () => {
  llm = await llmGateway();
  const targets = [{ gateway: 'scripted', model: 'm' }];
  config = {
    ...{ access: 'keys', keys: KEYS, tasks: [] },
    gateways: { scripted: { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: 'x', allowPrivate: true } },
    classes: { plain: { targets, unknownPrice: 'allow' }, short: { targets, unknownPrice: 'allow', ...SHORT } },
  };
  served = await serve(config, data);
});
afterAll(async () => {
  if (served?.child.exitCode === null && served.child.signalCode === null) killAll(served.child);
  await served?.exited;
  await llm?.close();
});

interface Frame {
  readonly type: string;
  readonly requestId?: string;
  readonly code?: string;
  readonly status?: number;
  readonly chunk?: { readonly delta?: string };
  readonly error?: { readonly type: string; readonly code: string };
}

async function open(path: string, secret: string) {
  const socket = new WebSocket(`${served.url}${path}`, { headers: { authorization: `Bearer ${secret}` } });
  const frames: Frame[] = [];
  socket.on('message', (message) => void frames.push(JSON.parse(message.toString())));
  const closed = once(socket, 'close').then(([code, reason]) => ({ code, reason: String(reason) }));
  closed.catch(() => {});
  await once(socket, 'open');
  return { socket, frames, closed };
}

const post = (path: string, secret: string, body: object) =>
  fetch(`${served.url.replace('ws', 'http')}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** Has two sockets, on which an answer has yet to begin, and stops the gateway. */
async function drainWith(behaviour: LlmBehaviour, response: object) {
  llm.change({ behaviour });
  const both = await openBoth('secret-of-lasting', response);
  await both.asked;
  served.child.kill('SIGTERM');
  return both;
}

const askChat = (socket: WebSocket, id: string) =>
  socket.send(
    JSON.stringify({
      ...{ type: 'send', requestId: 'r1', id },
      messages: [{ id: 'u', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
    }),
  );

/** Two sockets of that secret, on which an answer has yet to begin. */
async function openBoth(secret: string, response: object = {}) {
  const { requests } = llm.count;
  const [page, client] = await Promise.all([open('/v1/ui/chat', secret), open('/v1/responses', secret)]);
  askChat(page.socket, `chat-${secret}`);
  client.socket.send(JSON.stringify({ type: 'response.create', model: 'm', input: 'Hello', ...response }));
  return { page, client, asked: until(() => llm.count.requests === requests + 2) };
}

type Both = Awaited<ReturnType<typeof openBoth>>;

/** Expects the same close of both, after these words to what was asked. */
async function expectEnd({ page, client }: Both, { code, words }: { readonly code: number; readonly words: string }) {
  const [ofPage, ofClient] = await Promise.all([page.closed, client.closed]);
  expect([ofPage.code, ofClient.code]).toEqual([code, code]);
  expect(ofPage.reason).toBe(ofClient.reason);
  expect(page.frames).toEqual([{ type: 'error', requestId: 'r1', code: words, errorText: ofPage.reason }]);
  expect(client.frames).toMatchObject([
    { type: 'error', status: 400, error: { type: 'invalid_request_error', code: words, message: ofPage.reason } },
  ]);
  return ofPage.reason;
}

describe('a socket of the side path', () => {
  test('lasts as long as its key, its class or its client secret lets it', async () => {
    llm.change({ behaviour: { hang: 'idle' } });
    const { cancelled } = llm.count;
    const made = await post('/v1/client_secrets', 'secret-of-lasting', SHORT);
    const { value } = (await made.json()) as { value: string };
    const credentials = ['secret-of-short', 'secret-of-classed', value];
    const all = credentials.map(async (secret) =>
      expectEnd(await openBoth(secret), { code: 4503, words: 'session_limit' }),
    );
    for (const reason of await Promise.all(all)) expect(reason).toContain('lasted 4 s');
    // An answer of Responses that has yet to begin ends with its client; those of chats go on.
    await until(() => llm.count.cancelled === cancelled + 3);
    expect(llm.count.open).toBe(3);
    for (const secret of credentials)
      expect((await post(`/v1/ui/chat/chat-${secret}/stop`, secret, {})).status).toBe(200);
    await until(() => llm.count.open === 0);
  });

  test('ends with its key, as its answers do', async () => {
    llm.change({ behaviour: { hang: 'idle' } });
    const { cancelled } = llm.count;
    const secret = await makeKey(served, 'ended', { responses: 'routed' });
    const both = await openBoth(secret);
    await both.asked;
    expect((await askKeys(served, 'POST', '/keys/ended/revoke')).status).toBe(200);
    await expectEnd(both, { code: 4501, words: 'key_revoked' });
    await expect(open('/v1/ui/chat', secret)).rejects.toThrow('401');
    await until(() => llm.count.cancelled === cancelled + 2);
  });

  test('of chats ends with its process, and its answer is read at the next one', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { page, client } = await drainWith({ text: 'A late answer.', pieces: 4, after: promise }, {});
    expect(await page.closed).toEqual({ code: 1001, reason: 'the gateway is shutting down' });
    expect(page.frames).toEqual([]);
    resolve();
    await Promise.all([served.exited, client.closed]);
    served = await serve(config, data);
    const { socket, frames } = await open('/v1/ui/chat', 'secret-of-lasting');
    socket.send(JSON.stringify({ type: 'resume', requestId: 'r2', id: 'chat-secret-of-lasting' }));
    await until(() => frames.some(({ type }) => type === 'end'));
    expect(frames.map(({ chunk }) => chunk?.delta ?? '').join('')).toBe('A late answer.');
    socket.close();
  });

  test('of Responses ends with its process, when it has what is being answered', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { page, client } = await drainWith({ text: 'A last answer.', after: promise }, { store: false });
    await page.closed;
    client.socket.send(JSON.stringify({ type: 'response.create', model: 'm', input: 'Hello' }));
    await until(() => client.frames.length > 0);
    expect(client.frames).toMatchObject([{ type: 'error', status: 503, error: { code: 'draining' } }]);
    resolve();
    expect(await client.closed).toEqual({ code: 1001, reason: 'the gateway is shutting down' });
    expect(client.frames.at(-1)?.type).toBe('response.completed');
    await served.exited;
    served = await serve(config, data);
  });
});

describe('the leash', () => {
  afterEach(() => void vi.useRealTimers());

  const leash = (limits: object, cap?: typeof RESPONSES_CAP) => {
    vi.useFakeTimers();
    const ends: unknown[] = [];
    const handshake = { path: '/v1/responses', headers: {} } as never;
    const config = { limits: { sessionMs: 0, ...limits }, classes: {}, routes: {} } as never;
    const off = startLeash({ handshake, key: undefined, terms: undefined, cap }, config, (end) => ends.push(end));
    return { ends, off };
  };

  test('of a routed socket of Responses is an hour, with the event of OpenAI', () => {
    const { ends } = leash({}, RESPONSES_CAP);
    vi.advanceTimersByTime(3_599_999);
    expect(ends).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ends).toMatchObject([{ client: { code: 1001 }, words: { code: 'websocket_connection_limit_reached' } }]);
  });

  test('is that of sessions where limits.sessionMs says one, and none where nothing does', () => {
    const { ends } = leash({ sessionMs: 5000 });
    vi.advanceTimersByTime(5000);
    expect(ends).toMatchObject([{ name: 'duration-reached', client: { code: 1001 } }]);
    expect(leash({}).ends).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('goes with its socket', () => {
    const { off } = leash({ sessionMs: 5000 }, RESPONSES_CAP);
    off();
    expect(vi.getTimerCount()).toBe(0);
  });
});
