// Sessions that only a provider can make, over real processes: its URL stays in the gateway, and the socket passes everything that holds for others.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openClient, refusedUpgrade } from '../../../../support/gateway.ts';
import { message } from '../../../../support/inbox.ts';
import { keptSession } from '../../../../support/kept-session.ts';
import { type FakeProvider, startProvider } from '../../../../support/provider.ts';
import { type ServedGateway, serveGateway } from '../../../../support/sdk.ts';

const KEYS = [
  { id: 'app', secret: 'secret-of-app', rates: { callsPerMinute: 100 } },
  { id: 'other', secret: 'secret-of-other', models: ['gladia/other', 'elevenlabs/agent-*'] },
  { id: 'slow', secret: 'secret-of-slow', rates: { callsPerMinute: 1 } },
];
const PROVIDER_KEY = 'secret-of-the-provider';
const TOKEN = 'token-of-the-provider';
/** A second of 16 kHz. */
const SOUND = Buffer.alloc(32_000, 1);

let provider: FakeProvider;
let gateway: ServedGateway;
let asked: { readonly url: string | undefined; readonly key: unknown; readonly body: unknown }[] = [];
/** Writes the provider's answer. */
let answer: (request: IncomingMessage, response: ServerResponse) => void;

const made = (response: ServerResponse, url = `${provider.url}/v2/live?token=${TOKEN}`): void =>
  void response
    .writeHead(201, { 'content-type': 'application/json' })
    .end(JSON.stringify({ id: 's1', created_at: 'now', url, again: { url } }));

beforeAll(async () => {
  provider = await startProvider({
    onRequest(request, response) {
      void json(request).then((body) => {
        asked.push({ url: request.url, key: request.headers['x-gladia-key'] ?? request.headers['x-api-key'], body });
        answer(request, response);
      });
    },
  });
  const account = { baseUrl: provider.url, apiKey: PROVIDER_KEY, allowPrivate: true };
  gateway = await serveGateway({
    keys: KEYS,
    providers: { gladia: account, 'gladia-2': { kind: 'gladia', ...account }, ultravox: account, elevenlabs: account },
    prices: { 'gladia/*': { audioInputMinute: 6 }, 'ultravox/*': { minute: 6 }, 'elevenlabs/*': { minute: 6 } },
  });
});
afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});
beforeEach(() => {
  asked = [];
  answer = (_, response) => made(response);
});

async function post(path: string, body: unknown, key = 'secret-of-app') {
  const response = await fetch(`${gateway.http}${path}`, {
    method: 'POST',
    headers: { 'x-gladia-key': key, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) as Record<string, string> };
}

const requested = () => provider.requests.at(-1);

test('a session is made with the credential of the account, and its socket is one of the gateway', async () => {
  const { status, text, body } = await post('/v2/live?region=eu-west&jwt=x&priorCallId=c0', {
    sample_rate: 16_000,
    trunkline: { tags: { a: 'b' } },
  });
  expect(status).toBe(201);
  expect(asked).toEqual([{ url: '/v2/live?region=eu-west', key: PROVIDER_KEY, body: { sample_rate: 16_000 } }]);
  expect(body).toMatchObject({ id: 's1', created_at: 'now' });
  expect(body.url).toMatch(new RegExp(`^${gateway.ws}/v2/live/socket\\?token=ek_[\\w-]{43}$`));
  expect(text).not.toContain(TOKEN);
  expect(text).not.toContain(provider.url);
  const client = await openClient(body.url ?? '');
  const upstream = await provider.next();
  expect([requested()?.url, requested()?.headers['x-gladia-key']]).toEqual([`/v2/live?token=${TOKEN}`, undefined]);
  client.send(SOUND);
  expect((await message(upstream)).data).toEqual(SOUND);
  client.close(1000);
  const { ledger, ...kept } = await keptSession(gateway, 'secret-of-app', 'gladia-live');
  expect(kept).toMatchObject({ provider: 'gladia', model: 'solaria-1', tags: { a: 'b' } });
  expect(ledger).toMatchObject([{ usage: { inputAudioSeconds: 1 }, costMicroUsd: 100_000 }]);
});

test('a socket that broke may be dialled again', async () => {
  const { body } = await post('/v2/live', {});
  for (let time = 0; time < 2; time++) {
    const client = await openClient(body.url ?? '');
    await provider.next();
    client.terminate();
  }
});

test('a call of an agent that Ultravox keeps is asked for at its path, and the agent is the model', async () => {
  answer = (_, response) => void response.end(JSON.stringify({ joinUrl: `${provider.url}/calls/c2/socket` }));
  const medium = { serverWebSocket: { inputSampleRate: 8000 } };
  const { status, body } = await post('/ultravox/api/agents/agent-7/calls?other=1', { medium, templateContext: {} });
  expect(status).toBe(200);
  expect(asked).toEqual([
    { url: '/api/agents/agent-7/calls', key: PROVIDER_KEY, body: { medium, templateContext: {} } },
  ]);
  expect(body.joinUrl).toContain(`${gateway.ws}/ultravox/api/calls/join?token=ek_`);
  const client = await openClient(body.joinUrl ?? '');
  await provider.next();
  client.close(1000);
  await keptSession(gateway, 'secret-of-app', 'ultravox-call', 'agent-7');
  const refused = await post('/api/agents/agent-7/calls', { medium }, 'secret-of-other');
  expect([refused.status, refused.body.detail]).toEqual([403, expect.stringContaining('ultravox/agent-7')]);
});

test('an account by another name has its own URLs', async () => {
  const { body } = await post('/gladia-2/v2/live', {});
  expect(body.url).toContain(`${gateway.ws}/gladia-2/v2/live/socket?token=ek_`);
  const client = await openClient(body.url ?? '');
  await provider.next();
  client.terminate();
});

test('a model that the key may not use is refused before the provider is asked', async () => {
  const { status, body } = await post('/v2/live', {}, 'secret-of-other');
  expect([status, body.message]).toEqual([403, expect.stringContaining('gladia/solaria-1')]);
  expect(asked).toEqual([]);
  expect((await post('/v2/live', { model: 'other' }, 'secret-of-other')).status).toBe(201);
});

test('a key alone opens no socket unless it may use every model', async () => {
  const { status } = await refusedUpgrade(`${gateway.ws}/v2/live/socket?token=secret-of-other`, {});
  expect(status).toBe(403);
});

test('rates of the key count it', async () => {
  expect((await post('/v2/live', {}, 'secret-of-slow')).status).toBe(201);
  const beyond = await post('/v2/live', {}, 'secret-of-slow');
  expect([beyond.status, beyond.body.code]).toEqual([429, 'rate_limit_exceeded']);
  expect(asked).toHaveLength(1);
});

test("a refusal of the provider comes in its own words, without the gateway's credential", async () => {
  answer = (_, response) =>
    void response
      .writeHead(422, { 'content-type': 'application/json', 'x-internal': PROVIDER_KEY })
      .end(JSON.stringify({ statusCode: 422, message: `bad sample_rate for ${PROVIDER_KEY}` }));
  const { status, body } = await post('/v2/live', { sample_rate: 1 });
  expect([status, body]).toEqual([
    422,
    { statusCode: 422, message: `bad sample_rate for ${'*'.repeat(PROVIDER_KEY.length)}` },
  ]);
});

test.each([
  ['no URL', '{"id":"s1"}'],
  ['a URL of something else', '{"url":"https://example.com/"}'],
  ['no JSON', '<html>'],
])('an answer with %s is a 502 in the shape of the provider', async (_, text) => {
  answer = (_request, response) => void response.writeHead(201).end(text);
  const { status, body } = await post('/v2/live', {});
  expect([status, body.code, body.message]).toEqual([502, 'upstream_refused', expect.stringContaining('as url')]);
});

test('a provider that breaks off is a 502', async () => {
  answer = (request) => void request.socket.destroy();
  expect(await post('/v2/live', {})).toMatchObject({ status: 502, body: { code: 'upstream_unreachable' } });
});

test('a call of Ultravox is joined through the gateway', async () => {
  answer = (_, response) =>
    void response.end(JSON.stringify({ callId: 'c1', joinUrl: `${provider.url}/calls/c1/socket` }));
  const refused = await post('/api/calls', { medium: { webRtc: {} } });
  expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining('serverWebSocket')]);
  const { body } = await post('/api/calls', { medium: { serverWebSocket: { inputSampleRate: 8000 } } });
  expect(body.callId).toBe('c1');
  const client = await openClient(body.joinUrl ?? '');
  await provider.next();
  expect([requested()?.url, requested()?.headers['x-api-key']]).toEqual(['/calls/c1/socket', undefined]);
  client.close(1000);
  await keptSession(gateway, 'secret-of-app', 'ultravox-call', 'ultravox');
  expect((await refusedUpgrade(body.joinUrl ?? '', {})).status).toBe(401);
});

test('a signed URL of ElevenLabs is made without a word to the provider, for its agent alone, and dialled with our key', async () => {
  const sign = async (agent: string, key: string) => {
    const response = await fetch(`${gateway.http}/v1/convai/conversation/get-signed-url?agent_id=${agent}`, {
      headers: { 'xi-api-key': key },
    });
    return { status: response.status, body: (await response.json()) as { signed_url: string } };
  };
  expect((await sign('somebody', 'secret-of-other')).status).toBe(403);
  const { body } = await sign('agent-1', 'secret-of-other');
  expect(asked).toEqual([]);
  const other = body.signed_url.replace('agent-1', 'agent-2');
  expect((await refusedUpgrade(other, {})).status).toBe(403);
  const client = await openClient(`${body.signed_url}&source=js_sdk`);
  await provider.next();
  expect(requested()?.url).toBe('/v1/convai/conversation?agent_id=agent-1&source=js_sdk');
  expect(requested()?.headers['xi-api-key']).toBe(PROVIDER_KEY);
  client.close(1000);
  expect(await keptSession(gateway, 'secret-of-other', 'elevenlabs-agent')).toMatchObject({ model: 'agent-1' });
});
