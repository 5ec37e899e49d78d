// Checks calls of WebRTC and SIP through the gateway: who may make them, what the provider is asked, what the client is answered, and whose they are.

import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANSWER, type CallProvider, startCallProvider } from '../../../support/call-provider.ts';
import { startGateway, type TestGateway } from '../../../support/gateway.ts';

const OFFER = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n';
const keys = [
  { id: 'ann', secret: 'secret-of-ann' },
  { id: 'bob', secret: 'secret-of-bob' },
  { id: 'mini', secret: 'secret-of-mini', models: ['openai/gpt-realtime-2.1-mini'] },
  { id: 'any', secret: 'secret-of-any', callIds: 'any' },
];

let provider: CallProvider;
let gateway: TestGateway;
let base: string;
beforeAll(async () => {
  provider = await startCallProvider();
  // The store knows of no id.
  const findOwners = async (digests: readonly string[]) => digests.map(() => null);
  gateway = await startGateway({ provider: provider.url, keys, findOwners });
  base = `http://127.0.0.1:${gateway.port}`;
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});

interface Asked {
  readonly key?: string;
  readonly type?: string;
  readonly body?: string | FormData;
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

const ask = (path: string, { key = 'ann', type, body, method = 'POST', headers = {} }: Asked = {}) =>
  fetch(base + path, {
    method,
    headers: { authorization: `Bearer secret-of-${key}`, ...(type && { 'content-type': type }), ...headers },
    ...(body !== undefined && { body }),
  });

function form(session: object, sdp = OFFER): FormData {
  const data = new FormData();
  data.set('sdp', sdp);
  data.set('session', JSON.stringify(session));
  return data;
}

async function made(key = 'ann'): Promise<string> {
  const response = await ask('/v1/realtime/calls', {
    key,
    body: form({ type: 'realtime', model: 'gpt-realtime-2.1' }),
  });
  expect(response.status).toBe(201);
  return response.headers.get('location')?.split('/').at(-1) ?? '';
}

test('an offer with a session goes to the provider, and its answer comes back with the place of the call here', async () => {
  const session = { type: 'realtime', model: 'gpt-realtime-2.1', instructions: 'Be brief.' };
  const response = await ask('/v1/realtime/calls', { body: form(session), headers: { accept: 'application/sdp' } });
  expect([response.status, await response.text()]).toEqual([201, ANSWER]);
  expect(response.headers.get('content-type')).toBe('application/sdp');
  const [, id = ''] = /^\/v1\/realtime\/calls\/(rtc_\d+)$/.exec(response.headers.get('location') ?? '') ?? [];
  const { url, headers, body } = provider.asked.at(-1) as CallProvider['asked'][number];
  expect([url, headers.authorization, headers.accept]).toEqual([
    '/v1/realtime/calls',
    'Bearer provider-secret',
    'application/sdp',
  ]);
  expect(body).toContain(OFFER);
  expect(body).toContain(JSON.stringify(session));
  await provider.sideband(id);
  expect(gateway.gateway.records()).toContainEqual(
    expect.objectContaining({
      id: response.headers.get('x-trunkline-session'),
      key: 'ann',
      route: '/v1/realtime/calls',
      state: 'open',
    }),
  );
  const ended = gateway.nextEnd();
  expect((await ask(`/v1/realtime/calls/${id}/hangup`)).status).toBe(200);
  expect(await ended).toMatchObject({ reason: 'provider-closed', key: 'ann', model: 'gpt-realtime-2.1' });
});

describe('a request that makes a call', () => {
  test('takes an offer alone, whose model is in the query, and makes a form of both', async () => {
    const response = await ask('/v1/realtime/calls?model=gpt-realtime-2.1', { type: 'application/sdp', body: OFFER });
    expect(response.status).toBe(201);
    const { url, headers, body } = provider.asked.at(-1) as CallProvider['asked'][number];
    expect([url, headers['content-type']]).toEqual([
      '/v1/realtime/calls',
      expect.stringMatching(/^multipart\/form-data; /),
    ]);
    expect(body).toContain(OFFER);
    expect(body).toContain('{"type":"realtime","model":"gpt-realtime-2.1"}');
  });

  test('sends an offer that names no model as it came', async () => {
    expect((await ask('/v1/realtime/calls', { type: 'application/sdp', body: OFFER })).status).toBe(201);
    expect(provider.asked.at(-1)).toMatchObject({ headers: { 'content-type': 'application/sdp' }, body: OFFER });
  });

  test('of Live goes on as JSON, and its answer with the id comes back as it is', async () => {
    const body = JSON.stringify({ session: { model: 'gpt-live-1' }, transport: { type: 'webrtc', sdp: OFFER } });
    const response = await ask('/v1/live/sessions', { type: 'application/json', body });
    expect([response.status, await response.json()]).toEqual([
      201,
      { session: { id: expect.stringMatching(/^live_/) }, transport: { type: 'webrtc', sdp: ANSWER } },
    ]);
    expect(provider.asked.at(-1)).toMatchObject({ url: '/v1/live/sessions', body });
  });

  test('goes to the account that the path names', async () => {
    const response = await ask('/azure/openai/v1/realtime/calls', { body: form({ type: 'realtime', model: 'mine' }) });
    expect([response.status, response.headers.get('location')]).toEqual([
      201,
      expect.stringMatching(/^\/azure\/openai\/v1\/realtime\/calls\/rtc_/),
    ]);
    expect(provider.asked.at(-1)).toMatchObject({
      url: '/openai/v1/realtime/calls',
      headers: { 'api-key': 'provider-secret' },
    });
  });

  test.each([
    [
      'a model that its key may not use',
      form({ type: 'realtime', model: 'gpt-realtime-2.1' }),
      403,
      'model_not_allowed',
    ],
    [
      'a model to transcribe with that its key may not use',
      form({ model: 'gpt-realtime-2.1-mini', audio: { input: { transcription: { model: 'whisper-1' } } } }),
      403,
      'model_not_allowed',
    ],
    ['no model, which cannot be known', form({ type: 'realtime' }), 403, 'model_not_allowed'],
    ['a session that is no object', form(['x']), 400, 'invalid_request'],
    ['no offer', form({ model: 'gpt-realtime-2.1-mini' }, 'hello'), 400, 'invalid_request'],
  ])('is refused for %s', async (_, body, status, code) => {
    const before = provider.asked.length;
    const response = await ask('/v1/realtime/calls', { key: 'mini', body });
    expect([response.status, (await response.json()).error]).toMatchObject([status, { code }]);
    expect(provider.asked.length).toBe(before);
  });

  test.each([
    ['another type of body', { type: 'text/plain', body: OFFER }, 415, 'unsupported_media_type'],
    ['a form with a part twice', { type: 'multipart/form-data; boundary=b', body: twice() }, 400, 'invalid_request'],
    ['a key that is none', { key: 'nobody', type: 'application/sdp', body: OFFER }, 401, 'invalid_key'],
    [
      'a page of elsewhere',
      { type: 'application/sdp', body: OFFER, headers: { origin: 'https://elsewhere.example' } },
      403,
      'origin_not_allowed',
    ],
    [
      'a class that is none',
      { type: 'application/sdp', body: OFFER, headers: { 'x-trunkline-class': 'none' } },
      400,
      'unknown_class',
    ],
    ['a body that is too long', { type: 'application/sdp', body: `v=0${'x'.repeat(2 ** 20)}` }, 413, 'body_too_large'],
  ])('is refused for %s', async (_, asked, status, code) => {
    const before = provider.asked.length;
    const response = await ask('/v1/realtime/calls', asked);
    expect([response.status, (await response.json()).error]).toMatchObject([status, { code }]);
    expect(provider.asked.length).toBe(before);
  });

  test('finds JSON that parsers read in two ways refused', async () => {
    const body = '{"session":{"model":"gpt-live-1","model":"other"},"transport":{"type":"webrtc","sdp":"v=0"}}';
    const response = await ask('/v1/live/sessions', { type: 'application/json', body });
    expect([response.status, (await response.json()).error.message]).toEqual([
      400,
      'expected one JSON object, with each key once',
    ]);
  });
});

function twice(): string {
  const part = (name: string, data: string) =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${data}\r\n`;
  const session = part('session', '{"model":"gpt-realtime-2.1"}');
  return `${part('sdp', OFFER)}${session}${session}--b--\r\n`;
}

describe('a call that is there', () => {
  test('is told what its key asks, in the bytes that were sent, and the answer comes back', async () => {
    const id = await made();
    const body = '{"target_uri": "tel:+14155550123"}';
    const response = await ask(`/v1/realtime/calls/${id}/refer`, { type: 'application/json', body });
    expect(response.status).toBe(200);
    expect(provider.asked.at(-1)).toMatchObject({ url: `/v1/realtime/calls/${id}/refer`, body });
  });

  test.each(['hangup', 'refer', 'reject'])('is not reached by another key of the same account: %s', async (action) => {
    const id = await made();
    const before = provider.asked.length;
    const response = await ask(`/v1/realtime/calls/${id}/${action}`, { key: 'bob' });
    expect([response.status, (await response.json()).error.code]).toEqual([403, 'id_not_issued']);
    expect(provider.asked.length).toBe(before);
    expect((await ask(`/v1/realtime/calls/${id}/${action}`, { key: 'any' })).status).toBe(200);
  });

  test.each(['..%2f..%2fmodels', 'a%3fb', 'a b'])('has an id that is no path: %s', async (id) => {
    const response = await ask(`/v1/realtime/calls/${encodeURI(id)}/hangup`, { key: 'any' });
    expect([response.status, (await response.json()).error.code]).toEqual([400, 'invalid_request']);
  });

  test('gives its recording as it comes', async () => {
    const body = JSON.stringify({ session: { model: 'gpt-live-1' }, transport: { type: 'webrtc', sdp: OFFER } });
    const { session } = await (await ask('/v1/live/sessions', { type: 'application/json', body })).json();
    const response = await ask(`/v1/live/sessions/${session.id}/content`, { method: 'GET' });
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'audio/wav',
      'RIFF of the call',
    ]);
  });

  test('that comes in is accepted by a key that may, is counted, and is its own from then on', async () => {
    const body = '{"type":"realtime","model":"gpt-realtime-2.1"}';
    const refused = await ask('/v1/realtime/calls/rtc_in/accept', { type: 'application/json', body });
    expect([refused.status, (await refused.json()).error.code]).toEqual([403, 'id_not_issued']);
    const accepted = await ask('/v1/realtime/calls/rtc_in/accept', { key: 'any', type: 'application/json', body });
    expect([accepted.status, accepted.headers.get('x-trunkline-session')]).toEqual([200, expect.any(String)]);
    expect(provider.asked.at(-1)).toMatchObject({ url: '/v1/realtime/calls/rtc_in/accept', body });
    await provider.sideband('rtc_in');
    expect(provider.requests.map(({ url }) => url)).toContain('/v1/realtime?call_id=rtc_in');
  });

  test('is reached over a connection on which a side process has answered before', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const first = await request('GET', '/v1/models', { agent });
    expect(first.status).not.toBe(501);
    const second = await request('POST', '/v1/realtime/calls', { agent, type: 'application/sdp', body: OFFER });
    expect([second.status, second.body]).toEqual([201, ANSWER]);
    const third = await request('GET', '/v1/models', { agent });
    expect(third.status).toBe(first.status);
    const chunked = await request('POST', '/v1/realtime/calls', {
      agent,
      type: 'application/sdp',
      body: OFFER,
      isChunked: true,
    });
    expect([chunked.status, chunked.body]).toEqual([201, ANSWER]);
    agent.destroy();
  });
});

test('a body that is too long is counted and logged, also on a connection on which a side process has answered before', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await request('GET', '/v1/models', { agent });
  const count = () => gateway.sample('trunkline_refusals_total', { code: 'body_too_large', status: 413 });
  const [before, logged] = [await count(), gateway.lines.length];
  const body = `v=0${'x'.repeat(2 ** 20)}`;
  const refused = await request('POST', '/v1/realtime/calls', { agent, type: 'application/sdp', body });
  expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([413, 'body_too_large']);
  expect(await count()).toBe(before + 1);
  const told = { msg: 'request refused', code: 'body_too_large', route: '/v1/realtime/calls' };
  expect(gateway.lines.slice(logged)).toMatchObject([told]);
  agent.destroy();
});

interface Sent {
  readonly agent: Agent;
  readonly type?: string;
  readonly body?: string;
  readonly isChunked?: boolean;
}

/** A request on a connection of the agent. */
async function request(method: string, path: string, { agent, type, body, isChunked = false }: Sent) {
  const headers = { authorization: 'Bearer secret-of-ann', ...(type && { 'content-type': type }) };
  const length = body === undefined || isChunked ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const sent = httpRequest(base + path, { method, agent, headers: { ...headers, ...length } });
  if (isChunked) sent.write(body ?? '');
  sent.end(isChunked ? undefined : body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const piece of response) text += piece;
  return { status: response.statusCode, body: text };
}
