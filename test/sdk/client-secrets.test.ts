// Official SDKs make client secrets with a key and open sessions with them, with one base URL changed: those of OpenAI and two of Google's.

import { GoogleGenAI, type LiveServerMessage, Modality } from '@google/genai';
import { GoogleGenAI as GoogleGenAI2 } from 'google-genai-2';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openClient, refusedUpgrade } from '../support/gateway.ts';
import { type FakeProvider, startProvider } from '../support/provider.ts';
import { type ServedGateway, serveGateway } from '../support/sdk.ts';

const KEY = 'secret-of-the-app';
const LIVE = 'gemini-3.8-live';
let provider: FakeProvider;
let gateway: ServedGateway;
let onFirst: ((message: Record<string, Record<string, unknown>>) => void) | undefined;

beforeAll(async () => {
  provider = await startProvider({
    onSession(ws, { url = '' }) {
      if (url.startsWith('/v1/')) ws.send(JSON.stringify({ type: 'session.created', session: {} }));
      ws.on('message', (data) => {
        const event = JSON.parse(String(data));
        onFirst?.(event);
        onFirst = undefined;
        const { type, setup, session } = event;
        if (setup) ws.send(JSON.stringify({ setupComplete: {} }));
        if (type === 'session.update') ws.send(JSON.stringify({ type: 'session.updated', session }));
      });
    },
  });
  const account = { baseUrl: provider.url, apiKey: 'secret-of-the-provider', allowPrivate: true };
  gateway = await serveGateway({
    keys: [
      { id: 'app', secret: KEY },
      { id: 'narrow', secret: 'secret-of-narrow', models: ['openai/gpt-realtime-mini', 'gemini/other'] },
    ],
    providers: { openai: account, gemini: account },
  });
});
afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

/** The first message of the next session that reaches the provider. */
function firstMessage(): Promise<Record<string, Record<string, unknown>>> {
  const { promise, resolve } = Promise.withResolvers<Record<string, Record<string, unknown>>>();
  onFirst = resolve;
  return promise;
}

describe('openai', () => {
  const openai = (apiKey = KEY) => new OpenAI({ baseURL: `${gateway.http}/v1`, apiKey, maxRetries: 0 });

  test('a secret of Realtime opens a session whose instructions are pinned', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { value, expires_at, session } = await openai().realtime.clientSecrets.create({
      expires_after: { anchor: 'created_at', seconds: 120 },
      session: { type: 'realtime', model: 'gpt-realtime-2.1', instructions: 'Be kind.' },
    });
    expect(value).toMatch(/^ek_/);
    expect(expires_at - before).toBeGreaterThanOrEqual(119);
    expect(expires_at - before).toBeLessThanOrEqual(130);
    const made = { type: 'realtime', object: 'realtime.session', model: 'gpt-realtime-2.1', instructions: 'Be kind.' };
    expect(session).toMatchObject({ ...made, id: expect.stringMatching(/^sess_/) });
    const headers = { authorization: `Bearer ${value}` };
    const first = firstMessage();
    const client = await openClient(`${gateway.ws}/v1/realtime?model=gpt-realtime-2.1`, { headers });
    expect(await first).toMatchObject({ type: 'session.update', session: { instructions: 'Be kind.' } });
    client.close();
  });

  test('nothing but a body is needed, and a transcription session has its own type', async () => {
    expect(await openai().realtime.clientSecrets.create({})).toMatchObject({ session: { type: 'realtime' } });
    const { session } = await openai().realtime.clientSecrets.create({
      session: { type: 'transcription', audio: { input: { transcription: { model: 'gpt-4o-transcribe' } } } },
    });
    expect(session).toMatchObject({ type: 'transcription', object: 'realtime.transcription_session' });
  });

  test('a secret of Translation opens translations alone', async () => {
    const { value, session } = await openai().realtime.translations.clientSecrets.create({
      session: { model: 'gpt-realtime-translate', audio: { output: { language: 'de' } } },
    });
    expect(session).toMatchObject({ type: 'translation', model: 'gpt-realtime-translate' });
    const headers = { authorization: `Bearer ${value}` };
    const elsewhere = await refusedUpgrade(`${gateway.ws}/v1/realtime?model=gpt-realtime-translate`, { headers });
    expect(JSON.parse(elsewhere.body).error).toMatchObject({ code: 'secret_not_allowed' });
    const client = await openClient(`${gateway.ws}/v1/realtime/translations?model=gpt-realtime-translate`, { headers });
    client.close();
  });

  test('a pinned model is the only one', async () => {
    const { value } = await openai().realtime.clientSecrets.create({
      session: { type: 'realtime', model: 'gpt-realtime-mini' },
    });
    const headers = { authorization: `Bearer ${value}` };
    const { body } = await refusedUpgrade(`${gateway.ws}/v1/realtime?model=gpt-realtime-2.1`, { headers });
    expect(JSON.parse(body).error).toMatchObject({ code: 'model_not_allowed' });
  });

  test.each([
    [{ expires_after: { anchor: 'created_at', seconds: 7200 } }, 400, 'expires_after.seconds'],
    [{ session: { type: 'audio' } }, 400, 'session.type'],
    [{ session: { type: 'realtime', instructions: 7 } }, 400, 'session.instructions'],
    [{ voice: 'marin' }, 400, 'voice'],
    [{ trunkline: { maxSessionSecond: 7 } }, 400, 'trunkline.maxSessionSecond'],
  ])('what is wrong is named as OpenAI names it: %j', async (body, status, param) => {
    const error = await openai()
      .realtime.clientSecrets.create(body as never)
      .catch((caught) => caught);
    expect(error).toMatchObject({ status, param, code: 'invalid_request', type: 'invalid_request_error' });
  });

  test('a key makes none for a model that it may not use', async () => {
    const session = { type: 'realtime', model: 'gpt-realtime-2.1' } as const;
    const error = await openai('secret-of-narrow')
      .realtime.clientSecrets.create({ session })
      .catch((caught) => caught);
    expect(error).toMatchObject({ status: 403, code: 'model_not_allowed' });
  });

  test('what is ours stands beside it, and xAI asks without an anchor', async () => {
    const ask = (body: object) => openai().post<Record<string, unknown>>('/realtime/client_secrets', { body });
    const own = { uses: 2, maxSessionSeconds: 60, endUser: 'ann', tags: { plan: 'free' } };
    const made = await ask({ trunkline: own, expires_after: { seconds: 60 } });
    expect(made).toMatchObject({ value: expect.stringMatching(/^ek_/), trunkline: { id: expect.any(String) } });
    const headers = { authorization: `Bearer ${made.value}` };
    for (let use = 0; use < 2; use++) (await openClient(`${gateway.ws}/v1/realtime?model=m`, { headers })).close();
    const { body } = await refusedUpgrade(`${gateway.ws}/v1/realtime?model=m`, { headers });
    expect(JSON.parse(body).error.code).toBe('secret_used');
  });
});

describe.each([
  ['generation 3', GoogleGenAI],
  ['generation 2', GoogleGenAI2 as unknown as typeof GoogleGenAI],
])('google, %s', (_, Sdk) => {
  const google = (apiKey = KEY, apiVersion = 'v1alpha') =>
    new Sdk({ apiKey, httpOptions: { baseUrl: gateway.http, apiVersion } });
  type Asked = Parameters<ReturnType<typeof google>['authTokens']['create']>[0];

  async function mint(config: NonNullable<Asked>['config'] = {}, apiVersion?: string): Promise<string> {
    const { name = '' } = await google(KEY, apiVersion).authTokens.create({ config });
    expect(name).toMatch(/^auth_tokens\/[\w-]{43}$/);
    return name;
  }

  /** Opens a session with a token, and returns the setup that the provider got. */
  async function setupOf(token: string, config: object = {}, model = LIVE): Promise<Record<string, unknown>> {
    const first = firstMessage();
    const opened = google(token).live.connect({
      model,
      config: { responseModalities: [Modality.AUDIO], ...config },
      callbacks: { onmessage: (_: LiveServerMessage) => {}, onerror: () => {}, onclose: () => {} },
    });
    const { setup = {} } = await first;
    (await opened).close();
    return setup;
  }

  test('a token without constraints opens one session as its client sets it up', async () => {
    const setup = await setupOf(await mint(), { systemInstruction: 'Be brief.' });
    expect(setup).toMatchObject({ model: `models/${LIVE}`, systemInstruction: { parts: [{ text: 'Be brief.' }] } });
    expect(provider.requests.at(-1)?.url).toContain('BidiGenerateContent?key=secret-of-the-provider');
  });

  const liveConnectConstraints = { model: LIVE, config: { systemInstruction: 'Be kind.', temperature: 0.5 } };

  test('constraints lock the whole setup where no fields are named', async () => {
    const setup = await setupOf(
      await mint({ liveConnectConstraints }),
      { systemInstruction: 'Be rude.', topK: 7 },
      'other',
    );
    expect(setup).toMatchObject({ model: `models/${LIVE}`, generationConfig: { temperature: 0.5 } });
    expect(JSON.stringify(setup)).toContain('Be kind.');
    expect(JSON.stringify(setup)).not.toMatch(/Be rude|topK|responseModalities/);
  });

  test('constraints lock their own fields, and those that are named beside them', async () => {
    const alone = await mint({ liveConnectConstraints, lockAdditionalFields: [] });
    const setup = await setupOf(alone, { systemInstruction: 'Be rude.', topK: 7, temperature: 1 });
    expect(setup).toMatchObject({ generationConfig: { temperature: 0.5, topK: 7 } });
    const more = await mint({ liveConnectConstraints, lockAdditionalFields: ['topK'] });
    expect(await setupOf(more, { topK: 7 })).toMatchObject({ generationConfig: { temperature: 0.5 } });
    expect(
      JSON.stringify(
        await setupOf(await mint({ liveConnectConstraints, lockAdditionalFields: ['topK'] }), { topK: 7 }),
      ),
    ).not.toContain('topK');
  });

  test('a token has uses, a time to open, and a time at which its sessions end', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const token = await mint({ uses: 2, newSessionExpireTime: soon, expireTime: soon });
    await setupOf(token);
    await setupOf(token);
    const path = '/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained';
    const { status, body } = await refusedUpgrade(`${gateway.ws}${path}?access_token=${token}`);
    expect({ status, reason: JSON.parse(body).error.details[0].reason }).toEqual({
      status: 401,
      reason: 'secret_used',
    });
    await setupOf(await mint({ uses: 0 }));
  });

  test.each(['v1', 'v1beta', 'v1alpha'])('every version of the API has them: %s', async (version) => {
    await mint({}, version);
  });

  test.each([
    [{ uses: 1001 }, 'uses: expected a whole number from 0 to 1000'],
    [{ expireTime: new Date(Date.now() + 21 * 3_600_000).toISOString() }, 'expireTime: expected a time in the future'],
    [{ newSessionExpireTime: '2020-01-01T00:00:00Z' }, 'newSessionExpireTime: expected a time in the future'],
  ])('what is wrong is named as Google names it: %j', async (config, message) => {
    const error = await mint(config).catch((caught) => caught);
    expect(error).toMatchObject({ status: 400, message: expect.stringContaining(message) });
  });

  test('a key makes none for a model that it may not use', async () => {
    const error = await google('secret-of-narrow')
      .authTokens.create({ config: { liveConnectConstraints } })
      .catch((caught) => caught);
    expect(error).toMatchObject({ status: 403, message: expect.stringContaining('may not use') });
  });
});
