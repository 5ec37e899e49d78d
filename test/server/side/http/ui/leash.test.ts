// Tests how sockets of chats and of routed Responses end: by their time, with their key and with their process, each with the words and the close that a
// session would get, and what becomes of their answers.

import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { RESPONSES_CAP, startLeash } from '../../../../../server/side/http/ui/leash.ts';
import { askKeys, makeKey } from '../../../../support/key-server.ts';
import { type LlmGateway, llmGateway } from '../../../../support/llm-gateway.ts';
import { killAll } from '../../../../support/processes.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { until } from '../../../../support/until.ts';

const SHORT = { maxSessionSeconds: 1 };
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

const askChat = (socket: WebSocket, id: string) =>
  socket.send(
    JSON.stringify({
      ...{ type: 'send', requestId: 'r1', id },
      messages: [{ id: 'u', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
    }),
  );

/** Two sockets of that secret, on which an answer has yet to begin. */
async function openBoth(secret: string) {
  const { requests } = llm.count;
  const [page, client] = await Promise.all([open('/v1/ui/chat', secret), open('/v1/responses', secret)]);
  askChat(page.socket, `chat-${secret}`);
  client.socket.send(JSON.stringify({ type: 'response.create', model: 'm', input: 'Hello' }));
  return { page, client, asked: until(() => llm.count.requests === requests + 2) };
}

type Both = Awaited<ReturnType<typeof openBoth>>;

/** Expects the same close of both, after these words to what was asked. */
async function expectEnd({ page, client }: Both, { code, words }: { readonly code: number; readonly words?: string }) {
  const [ofPage, ofClient] = await Promise.all([page.closed, client.closed]);
  expect([ofPage.code, ofClient.code]).toEqual([code, code]);
  expect(ofPage.reason).toBe(ofClient.reason);
  if (words === undefined) expect([page.frames, client.frames]).toEqual([[], []]);
  else {
    expect(page.frames).toEqual([{ type: 'error', requestId: 'r1', code: words, errorText: ofPage.reason }]);
    expect(client.frames).toMatchObject([
      { type: 'error', status: 400, error: { type: 'invalid_request_error', code: words, message: ofPage.reason } },
    ]);
  }
  return ofPage.reason;
}

describe('a socket of the side path', () => {
  test.each(['short', 'classed'])('lasts as long as its key or its class lets it: %s', async (id) => {
    llm.change({ behaviour: { hang: 'idle' } });
    const both = await openBoth(`secret-of-${id}`);
    const reason = await expectEnd(both, { code: 4503, words: 'session_limit' });
    expect(reason).toContain('lasted 1 s');
  });

  test('lasts as long as its client secret lets it', async () => {
    llm.change({ behaviour: { hang: 'idle' } });
    const made = await fetch(`${served.url.replace('ws', 'http')}/v1/client_secrets`, {
      method: 'POST',
      headers: { authorization: 'Bearer secret-of-lasting', 'content-type': 'application/json' },
      body: JSON.stringify(SHORT),
    });
    const { value } = (await made.json()) as { value: string };
    await expectEnd(await openBoth(value), { code: 4503, words: 'session_limit' });
  });

  test('ends with its key', async () => {
    llm.change({ behaviour: { hang: 'idle' } });
    const secret = await makeKey(served, 'ended', { responses: 'routed' });
    const both = await openBoth(secret);
    await both.asked;
    expect((await askKeys(served, 'POST', '/keys/ended/revoke')).status).toBe(200);
    await expectEnd(both, { code: 4501, words: 'key_revoked' });
    await expect(open('/v1/ui/chat', secret)).rejects.toThrow('401');
  });

  test('ends with its process, and its answers are read at the next one', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    llm.change({ behaviour: { text: 'A late answer.', pieces: 4, after: promise } });
    const both = await openBoth('secret-of-lasting');
    await both.asked;
    served.child.kill('SIGTERM');
    expect(await expectEnd(both, { code: 1001 })).toBe('the gateway is shutting down');
    resolve();
    await served.exited;
    served = await serve(config, data);
    const { socket, frames } = await open('/v1/ui/chat', 'secret-of-lasting');
    socket.send(JSON.stringify({ type: 'resume', requestId: 'r2', id: 'chat-secret-of-lasting' }));
    await until(() => frames.some(({ type }) => type === 'end'));
    expect(frames.map(({ chunk }) => chunk?.delta ?? '').join('')).toBe('A late answer.');
    socket.close();
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
