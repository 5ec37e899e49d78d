// The official Gladia SDK transcribes through the gateway: it makes a session by HTTP and dials the URL of the answer. The provider is made of recordings
// of what the SDK sends, and of its types.

import { GladiaClient } from '@gladiaio/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { keptSession } from '../../support/kept-session.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type ServedGateway, serveGateway } from '../../support/sdk.ts';

const KEY = 'secret-of-the-demo-key';
const PROVIDER_KEY = 'secret-of-the-provider';
const TOKEN = 'token-of-the-provider';
let provider: FakeProvider;
let gateway: ServedGateway;
/** The credentials with which sessions were made. */
const asked: unknown[] = [];

beforeAll(async () => {
  provider = await startProvider({
    onRequest(request, response) {
      asked.push(request.headers['x-gladia-key']);
      const made = { id: 's1', created_at: '2026-11-28T20:14:54Z', url: `${provider.url}/v2/live?token=${TOKEN}` };
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(made));
    },
    onSession: transcribe,
  });
  gateway = await serveGateway({
    keys: [{ id: 'demo', secret: KEY, models: ['gladia/solaria-1'] }],
    providers: { gladia: { baseUrl: provider.url, apiKey: PROVIDER_KEY, allowPrivate: true } },
    prices: { 'gladia/*': { audioInputMinute: 6 } },
  });
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

/** Takes all sound for one sentence, and reports two seconds at the end, which may be those of a socket before as well: they are not billed. */
function transcribe(ws: WebSocket): void {
  const send = (type: string, data: object, more: object = {}) =>
    ws.send(JSON.stringify({ type, session_id: 's1', created_at: '2026-11-28T20:14:54Z', data, ...more }));
  const utterance = {
    ...{ text: 'What is the time?', language: 'en', start: 0, end: 1, confidence: 0.9, channel: 0, words: [] },
  };
  ws.on('message', (data: Buffer, isBinary) => {
    if (isBinary) {
      send('audio_chunk', { byte_range: [0, data.length], time_range: [0, 1] }, { acknowledged: true, error: null });
      return send('transcript', { id: 'u1', is_final: true, utterance });
    }
    if (JSON.parse(data.toString()).type !== 'stop_recording') return;
    const metadata = { audio_duration: 2, number_of_distinct_channels: 1, billing_time: 2, transcription_time: 1 };
    send('post_final_transcript', { metadata, transcription: { full_transcript: utterance.text, utterances: [] } });
    ws.close(1000);
  });
}

const sessionOf = (apiKey: string) =>
  new GladiaClient({ apiKey, apiUrl: gateway.http })
    .liveV2()
    .startSession({ encoding: 'wav/pcm', sample_rate: 16_000, bit_depth: 16, channels: 1 });

test('a session is made through the gateway, its URL leads there, and its words and its bill are kept', async () => {
  const session = sessionOf(KEY);
  const made = new Promise<{ readonly url: string }>((resolve) => session.once('started', resolve));
  const heard = new Promise<string>((resolve, reject) => {
    session.on('error', reject);
    session.on('message', (message) => {
      if (message.type === 'transcript') resolve(message.data.utterance.text);
    });
  });
  const ended = new Promise<{ readonly code: number }>((resolve) => session.once('ended', resolve));
  session.sendAudio(new Uint8Array(32_000));
  expect((await made).url).toMatch(new RegExp(`^${gateway.ws}/v2/live/socket\\?token=ek_`));
  expect(await heard).toBe('What is the time?');
  session.stopRecording();
  expect(await ended).toMatchObject({ code: 1000 });
  expect(asked).toEqual([PROVIDER_KEY]);
  expect(provider.requests.at(-1)?.url).toBe(`/v2/live?token=${TOKEN}`);
  const { turns, ledger, ...kept } = await keptSession(gateway, KEY, 'gladia-live');
  expect(kept).toMatchObject({ provider: 'gladia', model: 'solaria-1' });
  expect(turns).toMatchObject([{ user: 'What is the time?' }]);
  expect(ledger).toMatchObject([{ usage: { inputAudioSeconds: 1 }, costMicroUsd: 100_000 }]);
});

test('a wrong key is an error of the SDK with our words, and the provider is not asked', async () => {
  const before = asked.length;
  const session = sessionOf('wrong');
  const failed = await new Promise((resolve) => session.once('error', resolve));
  expect(failed).toMatchObject({ name: 'HttpError', status: 401, message: expect.stringContaining('key') });
  expect(asked).toHaveLength(before);
});
