// Checks who may open which session: credentials in every place of a handshake, model lists, ids, and providers that are not configured.

import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../support/gateway.ts';
import { closed } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const BIDI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const SECRET = 'secret-of-web';
let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.close();
  await provider.close();
});

async function start(config: Record<string, unknown> = {}): Promise<void> {
  provider = await startProvider();
  gateway = await startGateway({ provider: provider.url, keys: [{ id: 'web', secret: SECRET }], ...config });
}

interface Offer {
  readonly target?: string;
  readonly headers?: Record<string, string>;
  readonly protocols?: string[];
}

const addressOf = ({ target = REALTIME }: Offer) => gateway.url + target;

function refuse({ headers = {}, protocols = [], ...offer }: Offer) {
  return refusedUpgrade(addressOf(offer), { headers, protocols });
}

/** Opens a session, closes it again, and returns its id. */
async function admit({ headers = {}, protocols = [], ...offer }: Offer): Promise<string> {
  const client = new WebSocket(addressOf(offer), protocols, { headers, perMessageDeflate: false });
  let id: unknown;
  client.on('upgrade', (response) => {
    id = response.headers['x-trunkline-session'];
  });
  await new Promise((resolve, reject) => {
    client.once('open', resolve);
    client.once('error', reject);
  });
  client.close();
  await new Promise((resolve) => client.once('close', resolve));
  return String(id);
}

/** All places of a handshake where an SDK may put a credential. */
const places: [string, (secret: string) => Offer][] = [
  ['Authorization: Bearer', (secret) => ({ headers: { authorization: `Bearer ${secret}` } })],
  ['authorization: bearer', (secret) => ({ headers: { Authorization: `bearer ${secret}` } })],
  ['Authorization: Token', (secret) => ({ headers: { authorization: `Token ${secret}` } })],
  ['Authorization alone', (secret) => ({ headers: { authorization: secret } })],
  ['api-key', (secret) => ({ headers: { 'api-key': secret } })],
  ['x-goog-api-key', (secret) => ({ headers: { 'x-goog-api-key': secret } })],
  ['xi-api-key', (secret) => ({ headers: { 'xi-api-key': secret } })],
  ['x-trunkline-key', (secret) => ({ headers: { 'x-trunkline-key': secret } })],
  ['openai-insecure-api-key.*', (secret) => ({ protocols: ['realtime', `openai-insecure-api-key.${secret}`] })],
  ['xai-client-secret.*', (secret) => ({ protocols: ['realtime', `xai-client-secret.${secret}`] })],
  ['ai-gateway-auth.*', (secret) => ({ protocols: ['realtime', `ai-gateway-auth.${secret}`] })],
  ['bearer.*', (secret) => ({ protocols: ['realtime', `bearer.${secret}`] })],
  ['?key=', (secret) => ({ target: `${REALTIME}&key=${secret}` })],
  ['?api_key=', (secret) => ({ target: `${REALTIME}&api_key=${secret}` })],
  ['?access_token=', (secret) => ({ target: `${REALTIME}&access_token=${secret}` })],
  ['?token=', (secret) => ({ target: `${REALTIME}&token=${secret}` })],
];

describe('a key of the gateway', () => {
  test.each(places)('a key of the gateway is found in %s, and a wrong one is refused there', async (_, offer) => {
    await start();
    await admit(offer(SECRET));
    for (const wrong of ['secret-of-we', 'secret-of-webb', 'SECRET-OF-WEB', 'x']) {
      const answer = await refuse(offer(wrong));
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.body).error).toMatchObject({ type: 'authentication_error', code: 'invalid_key' });
    }
    expect(provider.requests).toHaveLength(1);
  });

  test('a key is asked for where there is none, in the shape of the provider', async () => {
    await start();
    const openai = await refuse({});
    expect(openai.status).toBe(401);
    expect(JSON.parse(openai.body).error).toMatchObject({ type: 'authentication_error', code: 'invalid_key' });
    const gemini = await refuse({ target: BIDI });
    expect(gemini.status).toBe(401);
    expect(JSON.parse(gemini.body).error).toMatchObject({ code: 401, status: 'UNAUTHENTICATED' });
    expect(provider.requests).toHaveLength(0);
  });

  test.each(['', 'Bearer', 'Bearer ', 'Basic c2VjcmV0LW9mLXdlYg==', `Bearer ${SECRET} x`, `${SECRET} x`])(
    'no key is found in Authorization: %j',
    async (authorization) => {
      await start();
      expect((await refuse({ headers: { authorization } })).status).toBe(401);
    },
  );

  test('a key in x-trunkline-key decides alone', async () => {
    await start();
    const headers = { 'x-trunkline-key': 'wrong', authorization: `Bearer ${SECRET}` };
    expect((await refuse({ headers })).status).toBe(401);
    await admit({ headers: { 'x-trunkline-key': SECRET, authorization: 'Bearer of-provider' } });
  });

  test('a credential in open mode may be anything, or nothing', async () => {
    await start({ keys: [] });
    for (const [, offer] of places) await admit(offer('whatever'));
    await admit({});
  });

  test('a credential never appears in the log', async () => {
    await start();
    for (const [, offer] of places) {
      await admit(offer(SECRET));
      await refuse(offer('canary-of-nobody'));
    }
    expect(JSON.stringify(gateway.lines)).not.toMatch(/secret-of-web|canary|provider-secret/);
  });
});

describe('the model list of a key', () => {
  const webKey = (...models: string[]) => ({ keys: [{ id: 'web', secret: SECRET, models, callIds: 'any' }] });
  const headers = { authorization: `Bearer ${SECRET}` };

  const cases: [string[], string, boolean][] = [
    [['openai/*'], REALTIME, true],
    [['*/*'], REALTIME, true],
    [['openai/gpt-realtime-2.1'], REALTIME, true],
    [['openai/gpt-realtime-*'], REALTIME, true],
    [['openai/*-2.1'], REALTIME, true],
    [['openai/g*time*1'], REALTIME, true],
    [['gemini/*', 'openai/gpt-realtime-2.1'], REALTIME, true],
    [['openai/gpt-realtime-2'], REALTIME, false],
    [['openai/gpt-realtime-2.1-mini'], REALTIME, false],
    [['openai/realtime-*'], REALTIME, false],
    [['gemini/*'], REALTIME, false],
    [['gemini/gpt-realtime-2.1'], REALTIME, false],
    // A model that cannot be known needs the whole provider.
    [['openai/gpt-*'], '/v1/realtime?call_id=rtc_1', false],
    [['openai/gpt-*'], '/v1/realtime?call_id=rtc_1&model=gpt-realtime-2.1', false],
    [['openai/*'], '/v1/realtime', true],
    [['openai/gpt-*'], '/v1/realtime', false],
    [['openai/gpt-*'], '/v1/realtime?model=', false],
    [['openai/gpt-*'], '/v1/realtime/translations', false],
    [['openai/gpt-*'], '/v1/realtime/translations?model=gpt-realtime-translate', true],
    // Frames name the model there.
    [['openai/gpt-*'], '/v1/realtime?intent=transcription', true],
    [['openai/gpt-*'], '/v1/live/sessions', true],
    [['openai/gpt-*'], '/v1/responses', true],
    [['gemini/gemini-*'], BIDI, true],
    // A second model could be the one that the provider reads.
    [['openai/*'], `${REALTIME}&model=other`, false],
  ];

  test.each(cases)('a key with the list %j at %s is admitted: %s', async (models, target, isAllowed) => {
    await start(webKey(...models));
    if (isAllowed) await admit({ target, headers });
    else {
      const answer = await refuse({ target, headers });
      expect([403, 400]).toContain(answer.status);
      expect(JSON.parse(answer.body).error.code).toMatch(/model_not_allowed|invalid_request|id_not_issued/);
      expect(provider.requests).toHaveLength(0);
    }
  });

  test('a call, whose model cannot be known, is joined by a key for the whole provider', async () => {
    await start({ keys: [{ id: 'web', secret: SECRET, models: ['openai/*'], callIds: 'any' }] });
    await admit({ target: '/v1/realtime?call_id=rtc_1', headers });
  });

  test('a refusal by the model list says which model it was', async () => {
    await start(webKey('openai/other'));
    const answer = await refuse({ headers });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body).error).toMatchObject({
      type: 'permission_error',
      code: 'model_not_allowed',
      message: 'this key may not use the model gpt-realtime-2.1',
    });
  });
});

describe('the id of a session', () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

  test('a session has a new id where none is offered', async () => {
    await start({ keys: [] });
    const ids = new Set([await admit({}), await admit({}), await admit({})]);
    expect(ids.size).toBe(3);
    for (const id of ids) expect(id).toMatch(uuid);
  });

  test('a session has the id that is offered, in lower case, in the query or as a subprotocol', async () => {
    await start({ keys: [] });
    const id = randomUUID();
    expect(await admit({ target: `${REALTIME}&trunkline-session=${id.toUpperCase()}` })).toBe(id);
    await gateway.nextEnd();
    expect(await admit({ protocols: ['realtime', `trunkline-session.${id}`] })).toBe(id);
    await gateway.nextEnd();
    expect(
      await admit({
        target: `${REALTIME}&trunkline-session=${id}`,
        protocols: ['realtime', `trunkline-session.${id}`],
      }),
    ).toBe(id);
    expect((await gateway.nextEnd()).id).toBe(id);
  });

  test.each<[string, Offer]>([
    ['no UUID', { target: `${REALTIME}&trunkline-session=1234` }],
    ['empty', { target: `${REALTIME}&trunkline-session=` }],
    ['more than a UUID', { target: `${REALTIME}&trunkline-session=${randomUUID()}0` }],
    ['two', { target: `${REALTIME}&trunkline-session=${randomUUID()}&trunkline-session=${randomUUID()}` }],
    [
      'another one as a subprotocol',
      { target: `${REALTIME}&trunkline-session=${randomUUID()}`, protocols: [`trunkline-session.${randomUUID()}`] },
    ],
  ])('an offered id is refused when it is %s', async (_, offer) => {
    await start({ keys: [] });
    expect((await refuse(offer)).status).toBe(400);
    expect(provider.requests).toHaveLength(0);
  });

  test('an offered id that is open is refused with 409, also for another key, and is free again after', async () => {
    const other = { id: 'other', secret: 'secret-of-other' };
    await start({ keys: [{ id: 'web', secret: SECRET }, other] });
    const target = `${REALTIME}&trunkline-session=${randomUUID()}`;
    const client = await openClient(gateway.url + target, { headers: { authorization: `Bearer ${SECRET}` } });
    const answer = await refuse({ target, headers: { authorization: `Bearer ${other.secret}` } });
    expect(answer.status).toBe(409);
    expect(JSON.parse(answer.body).error.code).toBe('duplicate_session');
    client.close();
    await closed(client);
    await gateway.nextEnd();
    await admit({ target, headers: { authorization: `Bearer ${other.secret}` } });
  });
});

describe('a provider', () => {
  test('a provider that is not configured is a 503 that says what is missing', async () => {
    await start({ keys: [], providers: {}, rehearsal: false });
    const openai = await refuse({});
    expect(openai.status).toBe(503);
    const { error } = JSON.parse(openai.body);
    expect(error).toMatchObject({ type: 'server_error', code: 'provider_not_configured' });
    expect(error.message).toContain('OPENAI_API_KEY');
    const gemini = await refuse({ target: BIDI });
    expect(gemini.status).toBe(503);
    expect(JSON.parse(gemini.body).error.message).toContain('GEMINI_API_KEY or GOOGLE_API_KEY');
  });

  test('a client without a key is not told which providers are configured', async () => {
    await start({ providers: {} });
    expect((await refuse({})).status).toBe(401);
  });
});

describe('with apiKey: client', () => {
  const forwarding = async () => {
    provider = await startProvider();
    const openai = { baseUrl: provider.url, apiKey: 'client', allowPrivate: true };
    gateway = await startGateway({ providers: { openai }, keys: [{ id: 'web', secret: SECRET, maxSessions: 1 }] });
  };

  test('a key of the gateway must be in x-trunkline-key where the credential is forwarded', async () => {
    await forwarding();
    expect((await refuse({ headers: { authorization: `Bearer ${SECRET}` } })).status).toBe(401);
    const both = { 'x-trunkline-key': SECRET, authorization: 'Bearer of-provider' };
    await admit({ headers: both });
    expect(provider.requests[0]?.headers.authorization).toBe('Bearer of-provider');
  });

  test.each<[string, Offer]>([
    ['missing', {}],
    ['one that fits into no header', { target: `${REALTIME}&key=a%0D%0Ab` }],
    ['one of other characters', { target: `${REALTIME}&key=%E4%BD%A0` }],
  ])("the client's own credential for the provider is needed where it is forwarded: %s", async (_, offer) => {
    await forwarding();
    const answer = await refuse({ ...offer, headers: { 'x-trunkline-key': SECRET } });
    expect(answer.status).toBe(401);
    expect(provider.requests).toHaveLength(0);
    // The refusal did not use up the one place of the key.
    await admit({ headers: { 'x-trunkline-key': SECRET, authorization: 'Bearer of-provider' } });
  });
});
