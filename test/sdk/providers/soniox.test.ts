// The official Soniox SDK transcribes and speaks through the gateway, with its key in the first message. The provider is made of recordings of what
// the SDK sends, and of its types.

import { SonioxNodeClient } from '@soniox/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { keptSession } from '../../support/kept-session.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type ServedGateway, serveGateway } from '../../support/sdk.ts';

const KEY = 'secret-of-the-demo-key';
const PROVIDER_KEY = 'secret-of-the-provider';
let provider: FakeProvider;
let gateway: ServedGateway;

beforeAll(async () => {
  provider = await startProvider({ onSession: answer });
  gateway = await serveGateway({
    keys: [{ id: 'demo', secret: KEY }],
    providers: { soniox: { baseUrl: provider.url, apiKey: PROVIDER_KEY, allowPrivate: true } },
  });
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

/** Configurations that the provider was given, with their keys. */
const told: { api_key?: string; model?: string }[] = [];

/** Transcribes any sound as one question, and speaks any text. */
function answer(ws: WebSocket): void {
  const send = (event: object) => ws.send(JSON.stringify(event));
  ws.on('message', (data: Buffer, isBinary) => {
    if (isBinary)
      return send({ tokens: [{ text: 'What time is it?', is_final: true, confidence: 1 }], total_audio_proc_ms: 20 });
    if (data.length === 0) return send({ tokens: [], finished: true });
    const message = JSON.parse(String(data));
    if (message.api_key !== undefined) told.push(message);
    if (message.text_end !== true) return;
    send({ audio: Buffer.from('sound').toString('base64'), stream_id: message.stream_id });
    send({ terminated: true, stream_id: message.stream_id });
  });
}

const client = (api_key: string) =>
  new SonioxNodeClient({
    api_key,
    base_url: gateway.http,
    realtime: { ws_base_url: `${gateway.ws}/transcribe-websocket`, tts_ws_url: `${gateway.ws}/tts-websocket` },
  });

const configuration = { model: 'stt-rt-v5', audio_format: 'pcm_s16le', sample_rate: 16_000, num_channels: 1 } as const;

test('a transcription passes with our key in the place of its own, and its words are kept', async () => {
  const session = client(KEY).realtime.stt({ ...configuration, enable_endpoint_detection: true });
  const heard: string[] = [];
  session.on('result', ({ tokens }) => void heard.push(...tokens.map(({ text }) => text)));
  await session.connect();
  session.sendAudio(new Uint8Array(640));
  await session.finish();
  expect(heard).toEqual(['What time is it?']);
  expect(told.at(-1)).toMatchObject({ api_key: PROVIDER_KEY, model: 'stt-rt-v5' });
  const kept = await keptSession(gateway, KEY, 'soniox-transcription');
  expect(kept).toMatchObject({ provider: 'soniox', model: 'stt-rt-v5', turns: [{ user: 'What time is it?' }] });
});

test('a text is spoken, and each stream has our key', async () => {
  const connection = await client(KEY).realtime.tts.multiStream();
  const options = { model: 'tts-rt-v1', voice: 'Adrian', language: 'en', audio_format: 'pcm_s16le' } as const;
  for (const text of ['Hello.', 'Bye.']) {
    const stream = await connection.stream(options);
    stream.sendText(text, { end: true });
    const sound: Buffer[] = [];
    for await (const piece of stream) sound.push(Buffer.from(piece));
    expect(String(Buffer.concat(sound))).toBe('sound');
  }
  connection.close();
  expect(told.slice(-2).map(({ api_key }) => api_key)).toEqual([PROVIDER_KEY, PROVIDER_KEY]);
  const { turns } = await keptSession(gateway, KEY, 'soniox-speech');
  expect(turns.map(({ assistant }) => assistant)).toEqual(['Hello.', 'Bye.']);
});

test('a temporary key of the SDK opens one session of its kind', async () => {
  const { api_key } = await client(KEY).auth.createTemporaryKey({
    usage_type: 'transcribe_websocket',
    expires_in_seconds: 60,
    single_use: true,
  });
  expect(api_key).toMatch(/^ek_/);
  const session = client(api_key).realtime.stt(configuration);
  await session.connect();
  session.sendAudio(new Uint8Array(640));
  await session.finish();
  expect(told.at(-1)?.api_key).toBe(PROVIDER_KEY);
  const again = client(api_key).realtime.stt(configuration);
  const failed = new Promise((resolve) => again.on('error', resolve));
  await again.connect();
  expect(await failed).toMatchObject({ name: 'AuthError', statusCode: 401 });
});

test('a wrong key is an error of the SDK with our words', async () => {
  const session = client('wrong').realtime.stt(configuration);
  const failed = new Promise((resolve) => session.on('error', resolve));
  await session.connect();
  expect(await failed).toMatchObject({ name: 'AuthError', statusCode: 401, message: expect.stringContaining('key') });
});
