// Tests what clients say and what their keys become while an answer has yet to begin, over the sockets and the store of a whole gateway.

import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { askKeys, makeKey } from '../../../../support/key-server.ts';
import { type LlmBehaviour, type LlmGateway, llmGateway } from '../../../../support/llm-gateway.ts';
import { killAll } from '../../../../support/processes.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { until } from '../../../../support/until.ts';

const FILE_KEY = { id: 'file', secret: 'secret-of-file', responses: 'routed' };
let llm: LlmGateway;
let served: Served;
let config: Record<string, unknown>;
beforeAll(async () => {
  llm = await llmGateway();
  config = {
    ...{ access: 'keys', keys: [FILE_KEY], tasks: [], prices: { m: { input: 1, output: 1 } } },
    gateways: { scripted: { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: 'x', allowPrivate: true } },
    classes: { plain: { targets: [{ gateway: 'scripted', model: 'm' }] } },
  };
  served = await serve(config);
});
beforeEach(() => llm.change({ behaviour: { text: 'An answer.' } }));
afterAll(async () => {
  if (served?.child.exitCode === null && served.child.signalCode === null) killAll(served.child);
  await served?.exited;
  await llm?.close();
});

interface Frame {
  readonly type: string;
  readonly requestId?: string;
  readonly code?: string;
  readonly error?: { readonly code: string };
}

async function open(path: string, secret: string) {
  const socket = new WebSocket(`${served.url}${path}`, { headers: { authorization: `Bearer ${secret}` } });
  const frames: Frame[] = [];
  socket.on('message', (data) => void frames.push(JSON.parse(data.toString())));
  await once(socket, 'open');
  return { socket, frames, send: (frame: object) => socket.send(JSON.stringify(frame)) };
}

const chatBody = (id: string) => ({
  ...{ id, trigger: 'submit-message' },
  messages: [{ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
});

async function openChat(secret: string) {
  const { send, ...client } = await open('/v1/ui/chat', secret);
  let asked = 0;
  const ask = (): string => {
    const requestId = `r${++asked}`;
    send({ type: 'send', requestId, ...chatBody(`chat-${secret}`) });
    return requestId;
  };
  /** Resolves with the code of what is wrong, or with how the request ended. */
  const outcome = async (): Promise<string> => {
    const requestId = ask();
    const last = await until(() =>
      client.frames.find((frame) => frame.requestId === requestId && /^(end|error)$/.test(frame.type)),
    );
    return last.code ?? last.type;
  };
  return { ...client, send, ask, outcome };
}

async function openResponses(secret: string) {
  const client = await open('/v1/responses', secret);
  const outcome = async (): Promise<string> => {
    const from = client.frames.length;
    client.send({ type: 'response.create', model: 'm', input: 'Hello' });
    const last = await until(() =>
      client.frames.slice(from).find(({ type }) => /^(error|response\.completed)$/.test(type)),
    );
    return last.error?.code ?? last.type;
  };
  return { ...client, outcome };
}

const http = (
  path: string,
  body: object,
  { signal, secret = FILE_KEY.secret }: { signal?: AbortSignal; secret?: string },
) =>
  fetch(`${served.url.replace('ws', 'http')}${path}`, {
    ...{ method: 'POST', ...(signal && { signal }), body: JSON.stringify(body) },
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
  });

const rowsOf = async (): Promise<readonly { readonly outcome?: string }[]> =>
  ((await (await fetch(`${served.admin}/ledger/rows`)).json()) as { rows: { outcome?: string }[] }).rows;

describe('before an answer has begun', () => {
  test('a page that aborts ends its call at once, which is in the ledger', async () => {
    const rows = await rowsOf();
    llm.change({ behaviour: { hang: 'idle' } });
    const { cancelled, requests } = llm.count;
    const page = await openChat(FILE_KEY.secret);
    const requestId = page.ask();
    await until(() => llm.count.requests === requests + 1);
    page.send({ type: 'abort', requestId });
    await until(() => llm.count.cancelled === cancelled + 1);
    await until(async () => (await rowsOf()).length === rows.length + 1);
    expect(page.frames).toEqual([{ type: 'end', requestId }]);
    page.socket.close();
  });

  test('a socket that closes ends no answer of a chat, and one of Responses, to which nobody can come back', async () => {
    llm.change({ behaviour: { hang: 'idle' } });
    const { cancelled, requests } = llm.count;
    const page = await openChat(FILE_KEY.secret);
    page.ask();
    const client = await openResponses(FILE_KEY.secret);
    client.send({ type: 'response.create', model: 'm', input: 'Hello' });
    await until(() => llm.count.requests === requests + 2);
    page.socket.terminate();
    client.socket.terminate();
    await until(() => llm.count.cancelled === cancelled + 1);
    expect(llm.count.open).toBe(1);
  });

  test.each([
    ['/v1/responses', { model: 'm', input: 'Hello', store: false }],
    ['/v1/responses', { model: 'm', input: 'Hello', store: false, stream: true }],
    ['/v1/responses', { model: 'm', input: 'Hello', stream: true }],
  ])('a client of %s that leaves ends its call: %j', async (path, body) => {
    llm.change({ behaviour: { hang: 'idle' } });
    const { cancelled, requests } = llm.count;
    const leave = new AbortController();
    const reply = http(path, body, leave);
    reply.catch(() => {});
    await until(() => llm.count.requests === requests + 1);
    leave.abort();
    await expect(reply).rejects.toThrow();
    await until(() => llm.count.cancelled === cancelled + 1);
  });
});

describe.each([
  ['/v1/ui/chat', chatBody('left')],
  ['/v1/ui/ag-ui', { threadId: 'thread', runId: 'r', messages: [{ id: 'u', role: 'user', content: 'Hello' }] }],
])('a page that has left %s before the answer of its chat began', (path, body) => {
  const chat = 'id' in body ? body.id : body.threadId;
  const leaveBefore = async (behaviour: LlmBehaviour) => {
    llm.change({ behaviour });
    const { requests } = llm.count;
    const leave = new AbortController();
    const reply = http(path, body, leave);
    reply.catch(() => {});
    await until(() => llm.count.requests === requests + 1);
    leave.abort();
    await expect(reply).rejects.toThrow();
  };

  test('comes back to the whole of it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await leaveBefore({ text: 'An answer.', after: promise });
    const again = fetch(`${served.url.replace('ws', 'http')}${path}/${chat}/stream`, {
      headers: { authorization: `Bearer ${FILE_KEY.secret}` },
    });
    // It comes while the answer has yet to begin, or later on a slow machine: the page has the whole either way.
    setTimeout(resolve, 200);
    const words = [...(await (await again).text()).matchAll(/"delta":"([^"]*)"/g)].map(([, delta]) => delta);
    expect(words.join('')).toBe('An answer.');
  });

  test('may stop it', async () => {
    const { cancelled } = llm.count;
    await leaveBefore({ hang: 'idle' });
    await http(`/v1/ui/chat/${chat}/stop`, {}, { signal: AbortSignal.timeout(60_000) });
    await until(() => llm.count.cancelled === cancelled + 1);
  });
});

describe.concurrent('the key of an open socket', () => {
  test.each([
    ['/v1/ui/chat', openChat],
    ['/v1/responses', openResponses],
  ])('of the store binds each request on %s as it is then', async (path, openSocket) => {
    const id = path.replaceAll('/', '-').slice(1);
    const client = await openSocket(await makeKey(served, id, { responses: 'routed' }));
    const whenChanged = async (change: object, outcome: string) => {
      expect(await askKeys(served, 'PATCH', `/keys/${id}`, change)).toMatchObject({ status: 200 });
      await until(async () => (await client.outcome()) === outcome);
    };
    const good = await client.outcome();
    expect(['end', 'response.completed']).toContain(good);
    const poor = { budgets: [{ window: 'total', maxUsd: 0 }] };
    await whenChanged(poor, 'budget_exceeded');
    await whenChanged({ budgets: null }, good);
    await whenChanged({ expiresAt: new Date().toISOString() }, 'invalid_key');
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
    client.socket.close();
  });

  test('of the file binds each request as the configuration has it then', async () => {
    const [page, client] = [await openChat(FILE_KEY.secret), await openResponses(FILE_KEY.secret)];
    expect([await page.outcome(), await client.outcome()]).toEqual(['end', 'response.completed']);
    const whenRead = async (keys: readonly object[], outcomes: readonly string[]) => {
      served.rewrite({ ...config, keys });
      expect(await askKeys(served, 'POST', '/reload')).toMatchObject({ status: 200 });
      await until(async () => (await page.outcome()) === outcomes[0]);
      await until(async () => (await client.outcome()) === outcomes[1]);
    };
    const poor = { ...FILE_KEY, budgets: [{ window: 'total', maxUsd: 0 }] };
    await whenRead([poor], ['budget_exceeded', 'budget_exceeded']);
    await whenRead([{ id: 'another', secret: 'secret-of-another' }], ['invalid_key', 'invalid_key']);
    await whenRead([FILE_KEY], ['end', 'response.completed']);
    for (const { socket } of [page, client]) socket.close();
  });
});

test('what a budget refuses is told to its client, and leaves nothing in the store; what a target refuses is found there', async () => {
  const secret = await makeKey(served, 'poor', { budgets: [{ window: 'total', maxUsd: 0 }] });
  const page = await openChat(secret);
  expect(await page.outcome()).toBe('budget_exceeded');
  page.send({ type: 'resume', requestId: 'again', id: `chat-${secret}` });
  await until(() => page.frames.some(({ type, requestId }) => type === 'no-active' && requestId === 'again'));
  page.socket.close();
  const reply = await http('/v1/responses', { model: 'm', input: 'Hello', background: true }, { secret });
  expect([reply.status, ((await reply.json()) as Frame).error?.code]).toEqual([402, 'budget_exceeded']);
  llm.change({ behaviour: { status: 400 } });
  const failed = await openChat(FILE_KEY.secret);
  expect(await failed.outcome()).toBe('invalid_request');
  failed.socket.close();
  await served.stop();
  const database = new DatabaseSync(join(served.data, 'trunkline.db'));
  const rows = database.prepare("select key, state from response where key = 'poor' or chat = ? order by created_at");
  expect(rows.all(`chat-${FILE_KEY.secret}`).at(-1)).toMatchObject({ key: 'file', state: 'failed' });
  expect(rows.all('').map(({ key }) => key)).toEqual([]);
  database.close();
});
