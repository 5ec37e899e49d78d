// The official Mistral SDK transcribes through the gateway, with a key and with the secret of a client session. The provider is made of recordings of
// what the SDK sends, and of its types.

import { Mistral } from '@mistralai/mistralai';
import { AudioEncoding, RealtimeTranscription } from '@mistralai/mistralai/extra/realtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { keptSession } from '../../support/kept-session.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type ServedGateway, serveGateway } from '../../support/sdk.ts';

const KEY = 'secret-of-the-demo-key';
const PROVIDER_KEY = 'secret-of-the-provider';
const MODEL = 'voxtral-mini-transcribe-realtime-2602';
let provider: FakeProvider;
let gateway: ServedGateway;

beforeAll(async () => {
  provider = await startProvider({ onSession: transcribe });
  gateway = await serveGateway({
    keys: [{ id: 'demo', secret: KEY, models: ['mistral/voxtral-*'] }],
    providers: { mistral: { baseUrl: provider.url, apiKey: PROVIDER_KEY, allowPrivate: true } },
  });
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

/** Hears a question, and tells what that has used. */
function transcribe(ws: WebSocket): void {
  const send = (event: object) => ws.send(JSON.stringify(event));
  const session = { request_id: 'r1', model: MODEL, audio_format: { encoding: 'pcm_s16le', sample_rate: 16_000 } };
  const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17, prompt_audio_seconds: 1 };
  send({ type: 'session.created', session });
  ws.on('message', (data: Buffer) => {
    const { type } = JSON.parse(data.toString());
    if (type === 'session.update') send({ type: 'session.updated', session });
    if (type !== 'input_audio.end') return;
    for (const text of ['What is', ' the time?']) send({ type: 'transcription.text.delta', text });
    const text = 'What is the time?';
    send({ type: 'transcription.done', text, model: MODEL, language: 'en', segments: [], usage });
  });
}

async function* sound() {
  yield new Uint8Array(640);
}

/** The types of the events that a transcription brings. */
async function hear(apiKey: string, model = MODEL): Promise<string[]> {
  const client = new RealtimeTranscription({ apiKey, serverURL: gateway.http });
  const heard: string[] = [];
  const audioFormat = { encoding: AudioEncoding.PcmS16le, sampleRate: 16_000 };
  for await (const event of client.transcribeStream(sound(), model, { audioFormat })) {
    heard.push(String(event.type));
    if (event.type === 'transcription.done') break;
  }
  return heard;
}

/** The error of the SDK for a handshake that was refused. */
const refused = (status: number) => ({ cause: { message: expect.stringContaining(String(status)) } });

test('a transcription passes, and its turn and what it used are known', async () => {
  expect(await hear(KEY)).toEqual(expect.arrayContaining(['transcription.text.delta', 'transcription.done']));
  const [request] = provider.requests.slice(-1);
  expect(request?.headers.authorization).toBe(`Bearer ${PROVIDER_KEY}`);
  expect(request?.url).toContain(`model=${MODEL}`);
  const { turns, ledger, model } = await keptSession(gateway, KEY, 'mistral-transcription');
  expect(model).toBe(MODEL);
  expect(turns).toMatchObject([{ user: 'What is the time?', assistant: '' }]);
  expect(ledger[0]?.usage).toMatchObject({ inputTokens: 12, outputTokens: 5 });
});

test('the secret of a client session opens one session of its model', async () => {
  const { realtime } = new Mistral({ apiKey: KEY, serverURL: gateway.http });
  const made = await realtime.sessions.create({ purpose: 'realtime', model: MODEL, ttlSeconds: 120 });
  const { value, expiresAt } = made.clientSecret;
  expect(value).toMatch(/^ek_/);
  expect(expiresAt.getTime()).toBeGreaterThan(Date.now() + 60_000);
  await expect(hear(value, 'voxtral-other')).rejects.toMatchObject(refused(403));
  expect(await hear(value)).toContain('transcription.done');
  await expect(hear(value)).rejects.toMatchObject(refused(401));
});

test('a wrong key, and a model that the key may not use, are told what was wrong', async () => {
  const { realtime } = new Mistral({ apiKey: 'wrong', serverURL: gateway.http });
  await expect(realtime.sessions.create({ purpose: 'realtime', model: MODEL })).rejects.toThrow(/key/);
  await expect(hear('wrong')).rejects.toMatchObject(refused(401));
  await expect(hear(KEY, 'other')).rejects.toMatchObject(refused(403));
});
