// The meter of a live session: what it has cost so far, and the end at its limit, over real sockets.

import { afterEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { until } from '../../../support/until.ts';

let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  await gateway?.close();
  await provider?.close();
});

const KEY = { id: 'app', secret: 'secret-of-app' };
const headers = { authorization: `Bearer ${KEY.secret}` };
const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
/** USD per million tokens of `gpt-realtime-2.1`: 32 for audio in, 64 for audio out, 4 and 24 for text. */
const prices = { 'gpt-realtime-2.1': { input: 4, output: 24, audioInput: 32, audioOutput: 64 } };

async function open(path: string, maxUsdPerSession: number, config: Record<string, unknown> = {}) {
  provider = await startProvider();
  gateway = await startGateway({ provider: provider.url, keys: [{ ...KEY, maxUsdPerSession }], prices, ...config });
  const client = await openClient(gateway.url + path, { headers });
  return { client, upstream: await provider.next() };
}

async function pass(from: WebSocket, to: WebSocket, event: object): Promise<void> {
  from.send(JSON.stringify(event));
  await message(to);
}

const json = async (ws: WebSocket) => JSON.parse((await message(ws)).data.toString());
const cost = () => gateway.gateway.records()[0]?.costMicroUsd ?? 0;

const append = (bytes: number) => ({
  type: 'input_audio_buffer.append',
  audio: Buffer.alloc(bytes).toString('base64'),
});
const done = (usage: object) => ({ type: 'response.done', response: { status: 'completed', usage } });
const audioUsage = (input: number, output: number) => ({
  input_tokens: input,
  output_tokens: output,
  input_token_details: { audio_tokens: input },
  output_token_details: { audio_tokens: output },
});

describe('the cost so far', () => {
  test('is no less than the audio of both directions that has passed, from its bytes', async () => {
    const { client, upstream } = await open(REALTIME, 1);
    // Ten seconds of the client are 100 tokens, five of the provider 100.
    for (let second = 0; second < 10; second++) await pass(client, upstream, append(48_000));
    expect(cost()).toBeGreaterThanOrEqual(100 * 32);
    expect(cost()).toBeLessThan(110 * 32);
    const delta = { type: 'response.output_audio.delta', delta: Buffer.alloc(48_000).toString('base64') };
    for (let second = 0; second < 5; second++) await pass(upstream, client, delta);
    expect(cost()).toBeGreaterThanOrEqual(100 * 32 + 100 * 64);
    expect(cost()).toBeLessThan(110 * 32 + 110 * 64);
  });

  test('follows the format that the session names', async () => {
    const { client, upstream } = await open(REALTIME, 1);
    const audio = { input: { format: { type: 'audio/pcmu' } }, output: { format: { type: 'audio/pcm', rate: 24000 } } };
    await pass(upstream, client, { type: 'session.updated', session: { type: 'realtime', audio } });
    for (let second = 0; second < 10; second++) await pass(client, upstream, append(8000));
    expect(cost()).toBeGreaterThanOrEqual(100 * 32);
    expect(cost()).toBeLessThan(115 * 32);
  });

  test('is what a report says in place of what was estimated, and counts the context again while a response is under way', async () => {
    const { client, upstream } = await open(REALTIME, 1);
    for (let second = 0; second < 10; second++) await pass(client, upstream, append(48_000));
    await pass(client, upstream, { type: 'response.create' });
    await pass(upstream, client, done(audioUsage(60, 40)));
    expect(cost()).toBe(60 * 32 + 40 * 64);
    await pass(client, upstream, { type: 'response.create' });
    // The context is 100 tokens of audio, and the event a few of text.
    expect(cost()).toBeGreaterThanOrEqual(60 * 32 + 40 * 64 + 100 * 32);
    expect(cost()).toBeLessThan(60 * 32 + 40 * 64 + 102 * 32);
  });

  test('is the seconds since the 101 where the provider bills them', async () => {
    const { client, upstream } = await open('/v1/live/sessions', 1, { prices: { 'gpt-live-1': { minute: 6 } } });
    await pass(client, upstream, { type: 'session.start', session: { model: 'gpt-live-1' } });
    await pass(upstream, client, { type: 'session.started', session: { model: 'gpt-live-1' } });
    const [before] = gateway.gateway.records();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const [after] = gateway.gateway.records();
    const passed = ((after?.durationMs ?? 0) - (before?.durationMs ?? 0)) / 1000;
    expect(((after?.costMicroUsd ?? 0) - (before?.costMicroUsd ?? 0)) / 100_000).toBeCloseTo(passed, 1);
  });
});

describe('a session that has cost maxUsdPerSession', () => {
  test('ends with an event of its dialect, 4502, and the whole bill', async () => {
    const { client, upstream } = await open(REALTIME, 0.01);
    await pass(client, upstream, { type: 'response.create' });
    // 200 tokens of audio cost 0.0128 USD.
    const delta = { type: 'response.output_audio.delta', delta: Buffer.alloc(480_000).toString('base64') };
    await pass(upstream, client, delta);
    expect(await json(client)).toMatchObject({
      type: 'error',
      error: { code: 'budget_reached', message: expect.stringContaining('0.01 USD') },
    });
    expect(await closed(client)).toEqual({ code: 4502, reason: expect.stringContaining('maxUsdPerSession') });
    expect(await json(upstream)).toEqual({ type: 'response.cancel' });
    upstream.send(JSON.stringify(done(audioUsage(10, 200))));
    await closed(upstream);
    const record = await gateway.nextEnd();
    expect(record).toMatchObject({ reason: 'budget-reached', closeCode: 4502, mayRetry: false });
    expect(record.costMicroUsd).toBe(10 * 32 + 200 * 64);
  });

  test('ends also where the class has the limit, and the time is what is billed', async () => {
    const targets = [{ gateway: 'main', model: 'm' }];
    const { client, upstream } = await open('/v1/live/sessions', 5, {
      prices: { 'gpt-live-1': { minute: 6 } },
      gateways: { main: { profile: 'openai', apiKey: 'any', baseUrl: 'https://example.com' } },
      classes: { realtime: { targets, maxUsdPerSession: 0.05 } },
    });
    await pass(client, upstream, { type: 'session.start', session: { model: 'gpt-live-1' } });
    upstream.send(JSON.stringify({ type: 'session.started', session: { model: 'gpt-live-1' } }));
    await until(() => gateway.ended.length > 0 || gateway.gateway.records()[0]?.state === 'closing');
    expect(await json(upstream)).toEqual({ type: 'session.close' });
    upstream.send(JSON.stringify({ type: 'session.closed', usage: { seconds: 0.7 } }));
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'budget-reached', costMicroUsd: 70_000 });
    expect((await closed(client)).code).toBe(4502);
  });
});

describe('a model without a price', () => {
  test('is refused before the 101 where the handshake names it and a limit applies', async () => {
    provider = await startProvider();
    gateway = await startGateway({ provider: provider.url, keys: [{ ...KEY, maxUsdPerSession: 1 }] });
    const { status, body } = await refusedUpgrade(`${gateway.url}/v1/realtime?model=unheard-of`, { headers });
    expect(status).toBe(403);
    expect(JSON.parse(body).error).toMatchObject({
      code: 'price_unknown',
      message: expect.stringContaining('unheard-of'),
    });
  });

  test('ends a session whose first message names it, before anything was reported', async () => {
    const path = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
    provider = await startProvider();
    gateway = await startGateway({ provider: provider.url, keys: [{ ...KEY, maxUsdPerSession: 1 }] });
    const client = await openClient(`${gateway.url}${path}?key=${KEY.secret}`);
    client.send(JSON.stringify({ setup: { model: 'models/unheard-of' } }));
    expect(await closed(client)).toEqual({ code: 4502, reason: expect.stringContaining('unheard-of') });
  });
});
