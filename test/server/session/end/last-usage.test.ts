// The last usage of a session that the gateway ends: the client is closed at once, the provider when it has reported what was used.

import { afterEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { openClient, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { socketOf } from '../../../support/raw-socket.ts';

let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  await gateway?.close();
  await provider?.close();
});

async function open(path: string, config: Record<string, unknown> = {}, secret = 'none') {
  provider = await startProvider();
  gateway = await startGateway({ provider: provider.url, ...config });
  const client = await openClient(gateway.url + path, { headers: { authorization: `Bearer ${secret}` } });
  const [session] = gateway.gateway.records();
  return { client, upstream: await provider.next(), id: session?.id ?? '' };
}

const end = (id: string) => gateway.gateway.endSession({ id, key: undefined, message: 'enough' });

async function pass(from: WebSocket, to: WebSocket, event: object): Promise<void> {
  from.send(JSON.stringify(event));
  await message(to);
}

const json = async (ws: WebSocket) => JSON.parse((await message(ws)).data.toString());

const done = {
  type: 'response.done',
  response: { status: 'cancelled', usage: { input_tokens: 90, output_tokens: 7 } },
};

describe('a session that is ended while a response is under way', () => {
  const realtime = '/v1/realtime?model=gpt-realtime-2.1';

  test('closes its client at once, cancels the response, and closes the provider after its report, which counts', async () => {
    const { client, upstream, id } = await open(realtime);
    await pass(client, upstream, { type: 'response.create' });
    await pass(upstream, client, { type: 'response.output_audio.delta', delta: 'AAAA' });
    end(id);
    expect(await json(client)).toMatchObject({ error: { code: 'ended_by_operator' } });
    expect(await closed(client)).toEqual({ code: 4504, reason: 'enough' });
    expect(await json(upstream)).toEqual({ type: 'response.cancel' });
    expect(gateway.gateway.records()).toMatchObject([{ id, state: 'closing' }]);
    upstream.send(JSON.stringify({ type: 'response.output_audio.delta', delta: 'AAAA' }));
    upstream.send(JSON.stringify(done));
    expect(await closed(upstream)).toMatchObject({ code: 1001 });
    expect((await gateway.nextEnd()).usage).toEqual({ inputTokens: 90, outputTokens: 7 });
  });

  test('passes nothing more to its client, nor of it', async () => {
    const { client, upstream, id } = await open(realtime);
    await pass(upstream, client, { type: 'response.output_audio.delta', delta: 'AAAA' });
    end(id);
    client.send('{"type":"input_audio_buffer.append","audio":"AAAA"}');
    await json(client);
    upstream.send(JSON.stringify(done));
    expect(await json(upstream)).toEqual({ type: 'response.cancel' });
    await closed(client);
    await closed(upstream);
    const { frames } = await gateway.nextEnd();
    expect(frames.upstream).toBe(0);
  });

  test('closes a provider that reports nothing after usageMs', async () => {
    const { client, upstream, id } = await open(realtime, { limits: { usageMs: 300 } });
    await pass(client, upstream, { type: 'response.create' });
    end(id);
    await closed(client);
    expect(await json(upstream)).toEqual({ type: 'response.cancel' });
    expect(await closed(upstream)).toMatchObject({ code: 1001 });
  });

  test('answers a provider that leaves in the meantime', async () => {
    const { client, upstream, id } = await open(realtime);
    await pass(client, upstream, { type: 'response.create' });
    end(id);
    await closed(client);
    upstream.close(1000, 'bye');
    await closed(upstream);
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'ended-by-operator', closeCode: 4504 });
  });
});

test('a session without a response under way is closed on both sides at once', async () => {
  const { client, upstream, id } = await open('/v1/realtime?model=gpt-realtime-2.1');
  await pass(client, upstream, { type: 'response.create' });
  await pass(upstream, client, done);
  end(id);
  expect(await closed(upstream)).toMatchObject({ code: 1001 });
  await closed(client);
});

test('a Live session is told to close, and its provider is closed after session.closed', async () => {
  const { client, upstream, id } = await open('/v1/live/sessions');
  await pass(client, upstream, { type: 'session.start', session: { model: 'gpt-live-1' } });
  end(id);
  expect(await json(client)).toMatchObject({ error: { code: 'ended_by_operator' } });
  expect(await json(upstream)).toEqual({ type: 'session.close' });
  upstream.send(JSON.stringify({ type: 'session.usage.updated', usage: { seconds: 9 } }));
  upstream.send(JSON.stringify({ type: 'session.closed', usage: { seconds: 12.5 } }));
  expect(await closed(upstream)).toMatchObject({ code: 1001 });
  expect((await gateway.nextEnd()).usage).toMatchObject({ seconds: 12.5 });
  await closed(client);
});

describe('a Live session whose bill comes with its end', () => {
  const closing = { type: 'session.closed', reason: 'close_requested', usage: { seconds: 12.5 }, session: { id: 's' } };
  const start = { type: 'session.start', session: { model: 'gpt-live-1' } };

  const leaving: readonly (readonly [how: string, leave: (client: WebSocket) => unknown, reason: string])[] = [
    ['that closes', (client) => client.close(1000, 'bye'), 'client-closed'],
    ['that is lost', (client) => client.terminate(), 'client-lost'],
    [
      'that breaks the protocol',
      (client) => socketOf(client).write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0])),
      'client-broke-protocol',
    ],
    [
      'whose event is refused',
      (client) => client.send('{"type":"session.update","session":{"model":"a","model":"b"}}'),
      'frame-refused',
    ],
  ];
  test.each(leaving)('is told to close behind a client %s, and billed to its end', async (_how, leave, reason) => {
    const keys = [{ id: 'web', secret: 'secret-of-web', models: ['openai/gpt-live-1'] }];
    const { client, upstream } = await open('/v1/live/sessions', { keys }, 'secret-of-web');
    await pass(client, upstream, start);
    await pass(upstream, client, { type: 'session.usage.updated', usage: { seconds: 9 } });
    leave(client);
    expect(await json(upstream)).toEqual({ type: 'session.close' });
    upstream.send(JSON.stringify(closing));
    await closed(upstream);
    expect(await gateway.nextEnd()).toMatchObject({ reason, usage: { seconds: 12.5 } });
  });

  test('is told to close when the gateway shuts down', async () => {
    const { client, upstream } = await open('/v1/live/sessions');
    await pass(client, upstream, start);
    const over = gateway.gateway.close();
    expect(await json(upstream)).toEqual({ type: 'session.close' });
    expect((await closed(client)).code).toBe(1001);
    upstream.send(JSON.stringify(closing));
    await closed(upstream);
    await over;
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'drained', usage: { seconds: 12.5 } });
  });

  test('ends with the close of a provider that has none to tell', async () => {
    const { client, upstream } = await open('/v1/live/sessions');
    await pass(client, upstream, start);
    client.close();
    expect(await json(upstream)).toEqual({ type: 'session.close' });
    upstream.close(1000);
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'client-closed', usage: {} });
  });

  test('is closed at once where nothing was said, and where the client has left no place to ask', async () => {
    const { client, upstream } = await open('/v1/live/sessions');
    client.close(1000);
    expect(await closed(upstream)).toMatchObject({ code: 1000 });
    await gateway.nextEnd();
    const second = await openClient(`${gateway.url}/v1/live/sessions`);
    const beyond = await provider.next();
    await pass(second, beyond, start);
    // The first half of a message in two frames.
    socketOf(second).end(Buffer.from([0x01, 0x81, 0, 0, 0, 0, 0x7b]));
    expect(await closed(beyond)).toMatchObject({ code: 1011 });
  });

  test('is not over when a socket beside it is closed', async () => {
    const { client, upstream } = await open('/v1/live/sessions/live_1/attach');
    await pass(upstream, client, { type: 'session.started', session: { id: 'live_1', model: 'gpt-live-1' } });
    await pass(client, upstream, { type: 'session.input_audio.mute' });
    await pass(upstream, client, { type: 'session.usage.updated', usage: { seconds: 9 } });
    client.close(1000);
    expect(await closed(upstream)).toMatchObject({ code: 1000 });
    expect((await gateway.nextEnd()).usage).toEqual({});
  });
});

test('a Gemini session is closed at once for its client, and after the report for its provider', async () => {
  const { client, upstream, id } = await open(
    '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k',
  );
  await pass(client, upstream, { setup: { model: 'models/gemini-3.8-live' } });
  await pass(client, upstream, { realtimeInput: { text: 'Hello' } });
  end(id);
  expect(await closed(client)).toEqual({ code: 4504, reason: 'enough' });
  upstream.send(JSON.stringify({ serverContent: { turnComplete: true }, usageMetadata: { promptTokenCount: 20 } }));
  await closed(upstream);
  expect((await gateway.nextEnd()).usage).toMatchObject({ inputTokens: 20 });
});
