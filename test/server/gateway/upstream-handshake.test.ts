// Checks what a provider sees of a client's handshake, by an allowlist, and that the client sees nothing of the provider's.

import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../support/gateway.ts';
import { keepInbox } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { openRaw, upgradeRequest } from '../../support/raw-socket.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const BIDI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.close();
  await provider.close();
});

async function start(account: Record<string, unknown> = {}, more: Record<string, unknown> = {}): Promise<void> {
  provider = await startProvider();
  const own = { baseUrl: provider.url, apiKey: 'provider-secret', allowPrivate: true };
  gateway = await startGateway({ providers: { openai: { ...own, ...account }, gemini: own, deepgram: own }, ...more });
}

/** The fields of refusals, in the shapes of the providers. */
interface ErrorBody {
  readonly error: { readonly message: string };
  readonly err_msg: string;
}

/** Opens a session and returns the request target and the headers that arrived at the provider. */
async function seen(target: string, headers: Record<string, string> = {}, protocols: string[] = []) {
  const client = new WebSocket(gateway.url + target, protocols, { headers });
  keepInbox(client);
  await new Promise((resolve, reject) => {
    client.once('open', resolve);
    client.once('error', reject);
  });
  const request = provider.requests.at(-1);
  const result = { url: request?.url, headers: { ...request?.headers }, client };
  client.terminate();
  return result;
}

/** Headers of every WebSocket handshake with a provider. */
const plain = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': expect.stringMatching(/^[\w+/]{22}==$/),
  host: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
};

const intrusive = {
  cookie: 'session=secret',
  origin: 'http://127.0.0.1',
  referer: 'http://127.0.0.1/',
  forwarded: 'for=10.0.0.1',
  'x-forwarded-for': '10.0.0.1',
  'x-forwarded-host': 'inside.example',
  'x-forwarded-proto': 'https',
  'x-real-ip': '10.0.0.1',
  via: '1.1 inside',
  'proxy-authorization': 'Basic eA==',
  'openai-organization': 'org-of-client',
  'openai-project': 'proj-of-client',
  authorization: 'Bearer of-client',
  'api-key': 'of-client',
  'x-goog-api-key': 'of-client',
  'xi-api-key': 'of-client',
  'x-trunkline-anything': '1',
  'x-custom': '1',
  'accept-language': 'en',
};

describe('headers', () => {
  test('OpenAI gets the account of the gateway and the headers that describe the client', async () => {
    await start();
    const own = { 'user-agent': 'sdk/1', 'openai-safety-identifier': 'user-1', 'x-client-request-id': 'req-1' };
    const { origin: _, ...others } = intrusive;
    const { headers } = await seen(REALTIME, { ...others, ...own });
    expect(headers).toEqual({ ...plain, ...own, authorization: 'Bearer provider-secret' });
  });

  test('OpenAI gets organisation and project only as they are configured', async () => {
    await start({ settings: { organization: 'org-of-gateway', project: 'proj-of-gateway' } });
    const { headers } = await seen(REALTIME, { 'openai-organization': 'org-of-client' }, [
      'realtime',
      'openai-organization.org-of-client',
      'openai-project.proj-of-client',
    ]);
    expect(headers).toMatchObject({ 'openai-organization': 'org-of-gateway', 'openai-project': 'proj-of-gateway' });
  });

  test('Gemini gets the credential in the query and nowhere else', async () => {
    await start();
    const own = { 'user-agent': 'google-genai-sdk/3', 'x-goog-api-client': 'google-genai-sdk/3' };
    const { origin: _, ...others } = intrusive;
    const { headers, url } = await seen(`${BIDI}?key=of-client`, { ...others, ...own });
    expect(headers).toEqual({ ...plain, ...own });
    expect(url).toBe(`${BIDI}?key=provider-secret`);
  });

  test('an allowed origin does not go upstream', async () => {
    await start();
    const { headers } = await seen(REALTIME, { origin: `http://127.0.0.1:${gateway.port}` });
    expect(headers.origin).toBeUndefined();
  });
});

describe('the query', () => {
  test('the query goes upstream without credentials and without the id of the session', async () => {
    await start();
    const secrets = ['key', 'api-key', 'api_key', 'apikey', 'access_token', 'token', 'authorization', 'KEY', 'Token'];
    const own = secrets.map((name) => `${name}=of-client`).join('&');
    const { url } = await seen(`/v1/realtime?${own}&model=m&trunkline-session=${randomUUID()}&a=1&b=%26%2B%20x&a=2`);
    expect(url).toBe('/v1/realtime?model=m&a=1&b=%26%2B%20x&a=2');
  });

  test.each([
    ['/v1/realtime', 'model=m'],
    [BIDI, 'alt=json'],
    ['/v1/agent/converse', 'tag=m'],
  ])('every byte of the rest goes upstream as it came: %s', async (path, first) => {
    await start();
    const rest = `${first}&x=a%20b+c&flag&e=&x=%26&=&&%zz=%F0%9f&q='"<>\`{|}^~;&last=1?2=3/`;
    const raw = openRaw(gateway.port);
    raw.send(upgradeRequest(`${path}?${rest}&token=of-client&&k`));
    expect((await raw.answer()).status).toBe(101);
    raw.socket.destroy();
    const [target = ''] = (provider.requests.at(-1)?.url ?? '').split(/[?&]key=provider-secret$/);
    expect(target).toBe(`${path}?${rest}&&k`);
  });

  test('a fragment is refused, which a provider would not see as we do', async () => {
    await start();
    const raw = openRaw(gateway.port);
    raw.send(upgradeRequest(`${REALTIME}#more`));
    expect((await raw.answer()).status).toBe(400);
    expect(provider.requests).toEqual([]);
    raw.socket.destroy();
  });

  test.each([
    '/v1/realtime?intent=transcription',
    '/v1/realtime?call_id=rtc_123',
    '/v1/realtime/translations?model=m',
    '/v1/live/sessions',
    '/v1/responses',
  ])('the query and the path go upstream as the client sent them: %s', async (target) => {
    await start();
    expect((await seen(target)).url).toBe(target);
    expect((await seen(`//${target}`)).url).toBe(target);
  });

  test('the path of the base URL comes first', async () => {
    await start();
    await gateway.close();
    gateway = await startGateway({
      providers: { openai: { baseUrl: `${provider.url}/proxy/`, apiKey: 'k', allowPrivate: true } },
    });
    expect((await seen(REALTIME)).url).toBe(`/proxy${REALTIME}`);
  });

  test.each(['v1', 'v1beta', 'v1alpha'])(
    "Gemini's method for ephemeral tokens becomes the one for keys: %s",
    async (version) => {
      await start();
      const path = BIDI.replace('v1beta', version);
      const { url } = await seen(`${path}Constrained?access_token=auth_tokens/of-client`);
      expect(url).toBe(`${path}?key=provider-secret`);
    },
  );
});

describe("the client's own credential, with apiKey: client", () => {
  const keys = [{ id: 'web', secret: 'secret-of-web' }];

  test('a forwarded credential goes to its provider, and the key of the gateway does not', async () => {
    await start({ apiKey: 'client' }, { keys });
    const { headers } = await seen(REALTIME, { authorization: 'Bearer of-client', 'x-trunkline-key': 'secret-of-web' });
    expect(headers).toEqual({ ...plain, authorization: 'Bearer of-client' });
  });

  test('a forwarded credential does not go to another provider', async () => {
    await start({ apiKey: 'client' }, { keys });
    const { headers, url } = await seen(`${BIDI}?key=secret-of-web`);
    expect(JSON.stringify([headers, url])).not.toContain('secret-of-web');
    expect(url).toBe(`${BIDI}?key=provider-secret`);
  });
});

describe('switches', () => {
  test.each([
    'responses_multi_agent=v1',
    'responses_websockets=2026-02-06',
    'responses_multi_agent=v1, responses_websockets=2026-02-06',
  ])('the header OpenAI-Beta goes upstream as it came: %s', async (beta) => {
    await start();
    expect((await seen('/v1/responses', { 'OpenAI-Beta': beta })).headers['openai-beta']).toBe(beta);
  });

  test.each(['assistants=v2', 'responses_multi_agent=v2', 'responses_websockets=2026-02-06, other=1'])(
    'a switch that would be dropped is refused by its name, before the provider is dialled: %s',
    async (beta) => {
      await start();
      const { status, body } = await refusedUpgrade(`${gateway.url}/v1/responses`, {
        headers: { 'OpenAI-Beta': beta },
      });
      const named = beta.split(', ').at(-1);
      expect([status, JSON.parse(body).error]).toMatchObject([
        400,
        { code: 'invalid_request', message: expect.stringContaining(`OpenAI-Beta has "${named}"`) },
      ]);
      expect(provider.requests).toEqual([]);
    },
  );

  test('the switch of one provider is nothing to another, and does not go there', async () => {
    await start();
    const { headers } = await seen(BIDI, { 'openai-beta': 'responses_multi_agent=v1' });
    expect(headers['openai-beta']).toBeUndefined();
  });
});

describe('subprotocols', () => {
  const id = randomUUID();
  const offers: [string[], string][] = [
    [[], ''],
    [['realtime'], 'realtime'],
    [['openai-insecure-api-key.of-client', 'realtime'], 'realtime'],
    [['realtime', 'openai-insecure-api-key.of-client', 'openai-agents-sdk.0.20.0'], 'realtime'],
    [['realtime', 'openai-organization.org', 'openai-project.proj', `trunkline-session.${id}`], 'realtime'],
    [['openai-live', 'openai-insecure-api-key.of-client'], 'openai-live'],
    [['bearer.of-client', 'v2', 'realtime'], 'v2'],
    [['token', 'of-client'], 'token'],
    [[`trunkline-session.${id}`], `trunkline-session.${id}`],
    [[`trunkline-session.${id}`, 'realtime'], 'realtime'],
  ];

  test.each(offers)(
    'the client that offers %j is answered with %j, and no subprotocol goes upstream',
    async (protocols, echoed) => {
      await start();
      const { client, headers } = await seen(REALTIME, {}, protocols);
      expect(client.protocol).toBe(echoed);
      expect(headers['sec-websocket-protocol']).toBeUndefined();
    },
  );

  test.each([
    [
      REALTIME,
      ['openai-insecure-api-key.of-client'],
      'expected realtime beside it',
      ({ error }: ErrorBody) => error.message,
    ],
    [
      REALTIME,
      ['bearer.of-client', 'xai-client-secret.a'],
      'expected realtime',
      ({ error }: ErrorBody) => error.message,
    ],
    [BIDI, ['bearer.of-client'], 'expected realtime beside it', ({ error }: ErrorBody) => error.message],
    ['/v1/agent/converse', ['bearer.of-client'], 'expected token beside it', (body: ErrorBody) => body.err_msg],
  ])(
    'a client of %s that offers its credential alone is told what to offer, and nobody is dialled',
    async (...given) => {
      const [target, protocols, told, messageIn] = given;
      await start();
      const { status, body } = await refusedUpgrade(gateway.url + target, { protocols });
      expect([status, messageIn(JSON.parse(body))]).toEqual([400, expect.stringContaining(told)]);
      expect(body).not.toContain('of-client');
      expect(provider.requests).toEqual([]);
    },
  );
});

test('permessage-deflate is off on both legs, though the client offers it', async () => {
  await start();
  const client = await openClient(gateway.url + REALTIME, { perMessageDeflate: true });
  expect(client.extensions).toBe('');
  expect(provider.requests[0]?.headers['sec-websocket-extensions']).toBeUndefined();
  client.terminate();
});
