// Client secrets over real processes: a key makes them, a page opens sessions with them, and nothing else.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { openClient, refusedUpgrade } from '../../../../support/gateway.ts';
import { killAll } from '../../../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../../../support/provider.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { until } from '../../../../support/until.ts';

const APP = 'https://app.example.com';
const KEYS = [
  { id: 'app', secret: 'secret-of-app' },
  {
    id: 'narrow',
    secret: 'secret-of-narrow',
    models: ['openai/gpt-realtime*', 'gemini/*'],
    class: 'voice',
    dataClass: 'regulated',
    maxSessionSeconds: 600,
    endUser: 'ann',
    tags: { tenant: 'acme' },
  },
];
const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
type Place = { readonly path: string; readonly protocols?: string[]; readonly headers?: Record<string, string> };

let provider: FakeProvider;
let served: Served;
/** The provider refuses sessions. */
let isClosed = false;
beforeAll(async () => {
  provider = await startProvider({
    onUpgrade(_, socket) {
      const body = '{"error":"busy"}';
      if (isClosed) socket.end(`HTTP/1.1 429 Busy\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      return isClosed;
    },
  });
  served = await serve({
    provider: provider.url,
    keys: KEYS,
    processes: 2,
    side: { processes: 2 },
    gateways: { llm: { profile: 'openai-compatible', baseUrl: 'https://llm.example.com/v1', apiKey: 'k' } },
    classes: {
      voice: { targets: [{ gateway: 'llm', model: 'm' }] },
      other: { targets: [{ gateway: 'llm', model: 'm' }] },
    },
  });
});
afterAll(async () => {
  if (served?.child.exitCode === null) killAll(served.child);
  await served?.exited;
  await provider?.close();
});

const http = () => `http${served.url.slice(2)}`;

async function post(path: string, body: unknown, key = 'secret-of-app') {
  const response = await fetch(`${http()}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}

async function mint(body: object = {}, key?: string): Promise<{ id: string; value: string; expiresAt: string }> {
  const made = await post('/v1/client_secrets', body, key);
  expect(made).toMatchObject({ status: 200 });
  return made.body as unknown as { id: string; value: string; expiresAt: string };
}

const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });
const refused = (path: string, options: Parameters<typeof refusedUpgrade>[1]) =>
  refusedUpgrade(served.url + path, options).then(({ status, body }) => ({ status, body: JSON.parse(body) }));

/** The status of the answer to a look at what an upgrade would be told. */
const look = async (secret: string): Promise<number> => (await fetch(`${http()}${REALTIME}`, bearer(secret))).status;

async function closed(client: WebSocket): Promise<void> {
  client.close();
  await until(() => client.readyState === client.CLOSED);
}

describe('making one', () => {
  test('the answer has the secret, its name and its end, and the store has the digest alone', async () => {
    const before = Date.now();
    const made = await post('/v1/client_secrets', { tags: { plan: 'free' }, origins: ['https://APP.example.com:443'] });
    expect(made.status).toBe(200);
    expect(made.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      value: expect.stringMatching(/^ek_[\w-]{43}$/),
      expiresAt: expect.any(String),
      uses: 1,
      tags: { plan: 'free' },
      origins: [APP],
    });
    const until = Date.parse(made.body.expiresAt ?? '');
    expect(until).toBeGreaterThanOrEqual(before + 60_000);
    expect(until).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  test.each([
    [{ expiresInSeconds: 3601 }, 'expiresInSeconds', 'expected at most 3600, got 3601'],
    [{ uses: 1001 }, 'uses', 'expected at most 1000, got 1001'],
    [{ voice: 'marin' }, 'voice', 'unknown key'],
    [{ provider: 'opnai' }, 'provider', 'did you mean openai'],
    [{ models: ['gpt-realtime'] }, 'models', 'expected provider/model'],
    [{ provider: 'gemini', models: ['openai/gpt-realtime/x'], dialect: 'openai-live' }, 'dialect', 'gemini-live'],
    [{ origins: ['app.example.com'] }, 'origins[0]', 'expected an origin such as'],
    [{ endUser: 'x'.repeat(201) }, 'endUser', 'expected at most 200 characters'],
    [{ tags: { a: 1 } }, 'tags.a', 'expected a text'],
    [{ tags: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`t${at}`, 'x'])) }, 'tags', 'at most 16'],
    [{ class: 'none' }, 'class', 'expected one of the classes'],
    [{ maxUsd: -1 }, 'maxUsd', 'expected at least 0'],
    [{ session: { instructions: 'x' } }, 'provider', 'missing, expected the provider of what is pinned'],
  ])('what is wrong with a body is named: %j', async (body, field, message) => {
    const { status, body: answer } = await post('/v1/client_secrets', body);
    expect(answer.error).toMatchObject({ field, message: expect.stringContaining(message) });
    expect(status).toBe(400);
  });

  test.each([
    [{ models: ['openai/*'] }, 'model_not_allowed', 'models'],
    [{ provider: 'openai', models: ['gpt-5'] }, 'model_not_allowed', 'models'],
    [{ class: 'other' }, 'unknown_class', 'class'],
    [{ dataClass: 'open' }, 'secret_too_broad', 'dataClass'],
    [{ maxSessionSeconds: 601 }, 'secret_too_broad', 'maxSessionSeconds'],
    [{ callIds: 'any' }, 'secret_too_broad', 'callIds'],
    [{ endUser: 'bob' }, 'secret_too_broad', 'endUser'],
  ])('a key makes none that may do more than itself: %j', async (body, code, field) => {
    const { status, body: answer } = await post('/v1/client_secrets', body, 'secret-of-narrow');
    expect(answer.error).toMatchObject({ code, field });
    expect([400, 403]).toContain(status);
  });

  test('a key makes one that may do less', () =>
    mint({ models: ['openai/gpt-realtime-mini*'], class: 'voice', maxSessionSeconds: 600 }, 'secret-of-narrow'));
});

describe('opening a session', () => {
  test.each([
    ['a header', (secret: string) => ({ path: REALTIME, ...bearer(secret) })],
    [
      'the subprotocols of OpenAI',
      (secret: string) => ({ path: REALTIME, protocols: ['realtime', `openai-insecure-api-key.${secret}`] }),
    ],
    [
      'the subprotocol of xAI',
      (secret: string) => ({ path: REALTIME, protocols: ['realtime', `xai-client-secret.${secret}`] }),
    ],
    ['the query', (secret: string) => ({ path: `${REALTIME}&api_key=${secret}` })],
    ['the header of the gateway', (secret: string) => ({ path: REALTIME, headers: { 'x-trunkline-key': secret } })],
    [
      'the key of Gemini',
      (secret: string) => ({
        path: `/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=${secret}`,
      }),
    ],
    [
      'the token of Gemini',
      (secret: string) => ({
        path: `/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained?access_token=${secret}`,
      }),
    ],
  ])('a secret works once, in %s', async (_, place) => {
    const { value } = await mint();
    const { path, protocols = [], ...options }: Place = place(value);
    const client = await openClient(served.url + path, options, protocols);
    const { headers, url = '' } = provider.requests.at(-1) ?? {};
    expect(JSON.stringify(headers) + url).toContain('provider-secret');
    expect(JSON.stringify(headers) + url).not.toContain(value);
    expect(await refused(path, { protocols, ...options })).toMatchObject({ status: 401 });
    await closed(client);
  });

  test('a used one is told from an expired one and from one that nobody made, in the shape of the provider', async () => {
    const { value } = await mint();
    await closed(await openClient(served.url + REALTIME, bearer(value)));
    const used = await refused(REALTIME, bearer(value));
    expect(used).toMatchObject({
      status: 401,
      body: { error: { code: 'secret_used', type: 'authentication_error' } },
    });
    const short = await mint({ expiresInSeconds: 1 });
    await until(() => Date.now() > Date.parse(short.expiresAt));
    expect(await refused(REALTIME, bearer(short.value))).toMatchObject({ body: { error: { code: 'secret_expired' } } });
    const unknown = await refused(REALTIME, bearer(`ek_${'x'.repeat(43)}`));
    expect(unknown).toMatchObject({ status: 401, body: { error: { code: 'invalid_key' } } });
  });

  test('a session has the terms of its secret within those of its key, and says whose it is', async () => {
    const { id, value } = await mint(
      { maxSessionSeconds: 500, tags: { plan: 'free', tenant: 'b' } },
      'secret-of-narrow',
    );
    const client = await openClient(served.url + REALTIME, bearer(value));
    const [record] = (await until(async () => {
      const sessions = await served.sessions();
      return (
        sessions.some(({ clientSecret }) => clientSecret === id) && sessions.filter((one) => one.clientSecret === id)
      );
    })) as object[];
    const facts = { key: 'narrow', endUser: 'ann', tags: { plan: 'free', tenant: 'acme' }, dataClass: 'regulated' };
    expect(record).toMatchObject({ ...facts, promptClass: 'voice', clientSecret: id });
    const listed = await until(async () => {
      const response = await fetch(`${http()}/v1/sessions?endUser=ann&tag=tenant:acme`, bearer('secret-of-narrow'));
      const { sessions } = (await response.json()) as { sessions: object[] };
      return sessions.length > 0 && sessions;
    });
    expect(listed).toEqual([expect.objectContaining({ clientSecret: id, endUser: 'ann' })]);
    await closed(client);
  });

  test.each([
    [{ provider: 'gemini' }, REALTIME, 'secret_not_allowed', 'with gemini, not with openai'],
    [{ provider: 'openai', dialect: 'openai-live' }, REALTIME, 'secret_not_allowed', 'of the dialect openai-live'],
    [{ models: ['openai/gpt-realtime-mini'] }, REALTIME, 'model_not_allowed', 'this client secret may not use'],
    [{}, `${REALTIME}&call_id=rtc_1`, 'id_not_issued', 'call_id'],
  ])('one for %j does not open %s, and keeps its use', async (terms, path, code, message) => {
    const { value } = await mint(terms);
    const answer = await refused(path, bearer(value));
    expect(answer).toMatchObject({ status: 403, body: { error: { code, message: expect.stringContaining(message) } } });
    expect(await refused(path, bearer(value))).toEqual(answer);
  });

  test('the pages that a secret names may use it, though the listener does not name them, and nobody else', async () => {
    const { value } = await mint({ origins: [APP] });
    const from = (origin?: string) => ({ headers: { ...bearer(value).headers, ...(origin && { origin }) } });
    for (const other of ['https://other.example.com', http(), undefined])
      expect(await refused(REALTIME, from(other))).toMatchObject({
        status: 403,
        body: { error: { code: 'origin_not_allowed' } },
      });
    await closed(await openClient(served.url + REALTIME, from(APP)));
    expect(
      await refused(REALTIME, { headers: { ...bearer((await mint()).value).headers, origin: APP } }),
    ).toMatchObject({
      body: { error: { code: 'origin_not_allowed' } },
    });
  });

  test('a use comes back where the provider opens no session', async () => {
    const { value } = await mint();
    isClosed = true;
    for (let tried = 0; tried < 3; tried++) {
      expect(await refused(REALTIME, bearer(value))).toMatchObject({ status: 429, body: { error: 'busy' } });
      // The use is on its way back.
      await until(async () => (await look(value)) === 426);
    }
    isClosed = false;
    // A look does not use it up either.
    expect(await look(value)).toBe(426);
    await closed(await openClient(served.url + REALTIME, bearer(value)));
  });
});

describe('the side path', () => {
  test('a secret sees the session that it opened, also after it was used up, and no other', async () => {
    const [own, other] = await Promise.all([mint(), mint()]);
    const id = '00000000-0000-4000-8000-000000000001';
    const client = await openClient(`${served.url}${REALTIME}&trunkline-session=${id}`, bearer(own.value));
    const ask = (path: string, secret: string, method = 'GET') =>
      fetch(`${http()}/v1/sessions/${id}${path}`, { method, ...bearer(secret) });
    const shown = await (await ask('', own.value)).json();
    expect(shown).toMatchObject({ id, clientSecret: own.id, tasks: [] });
    expect(shown).not.toHaveProperty('ledger');
    expect((await ask('', other.value)).status).toBe(404);
    expect((await ask('', own.value, 'HEAD')).status).toBe(200);
    expect((await ask('/end', other.value, 'POST')).status).toBe(404);
    expect((await ask('/end', own.value, 'POST')).status).toBe(202);
    await until(() => client.readyState === client.CLOSED);
  });

  test.each([
    ['GET', '/v1/sessions'],
    ['DELETE', '/v1/sessions/00000000-0000-4000-8000-000000000001'],
    ['GET', '/v1/ledger'],
    ['POST', '/v1/chat/completions'],
    ['POST', '/v1/client_secrets'],
    ['POST', '/v1/realtime/client_secrets'],
    ['POST', '/v1/auth_tokens'],
  ])('anything else needs a key: %s %s', async (method, path) => {
    const { value } = await mint();
    const response = await fetch(`${http()}${path}`, {
      method,
      headers: { ...bearer(value).headers, 'content-type': 'application/json' },
      ...(method === 'POST' && { body: '{}' }),
    });
    expect(response.status).toBe(403);
    expect(JSON.stringify(await response.json())).toContain('secret_not_allowed');
  });
});
