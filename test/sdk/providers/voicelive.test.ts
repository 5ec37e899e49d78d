// The official SDK of Azure Voice Live speaks through the gateway. The provider is made of a recording of what the SDK sends, and of its types.

import { VoiceLiveClient } from '@azure/ai-voicelive';
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
  provider = await startProvider({ onSession: converse });
  gateway = await serveGateway({
    keys: [{ id: 'demo', secret: KEY, models: ['voicelive/gpt-realtime', 'voicelive/bell'] }],
    providers: { voicelive: { baseUrl: provider.url, apiKey: PROVIDER_KEY, allowPrivate: true } },
  });
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

const tokens = (text_tokens: number, audio_tokens: number) => ({ text_tokens, audio_tokens });

/** Answers all sound with one reply. */
function converse(ws: WebSocket): void {
  const send = (event: object) => ws.send(JSON.stringify({ event_id: 'e', ...event }));
  send({ type: 'session.created', session: { id: 's1', model: 'gpt-realtime' } });
  ws.on('message', (data: Buffer) => {
    const { type, session } = JSON.parse(data.toString());
    if (type === 'session.update') send({ type: 'session.updated', session: { id: 's1', ...session } });
    if (type !== 'input_audio_buffer.append') return;
    const ids = { response_id: 'r1', item_id: 'i1', output_index: 0, content_index: 0 };
    send({ type: 'response.audio.delta', ...ids, delta: 'AAEAAgAD' });
    send({ type: 'response.audio_transcript.done', ...ids, transcript: 'It is noon.' });
    // The SDK reads no answer without all of these.
    const usage = {
      ...{ total_tokens: 100, input_tokens: 40, output_tokens: 60 },
      input_token_details: { ...tokens(10, 30), cached_tokens: 0, cached_tokens_details: tokens(0, 0) },
      output_token_details: tokens(15, 45),
    };
    send({
      type: 'response.done',
      response: { id: 'r1', object: 'realtime.response', status: 'completed', output: [], usage },
    });
  });
}

test('a voice turn passes, at the root, with the credential of the gateway in its place', async () => {
  const client = new VoiceLiveClient(gateway.http, { key: KEY });
  const session = client.createSession('gpt-realtime');
  const said = Promise.withResolvers<string>();
  const done = Promise.withResolvers<void>();
  session.subscribe({
    onResponseAudioTranscriptDone: async ({ transcript }) => said.resolve(transcript),
    onResponseDone: async () => done.resolve(),
    onServerError: async ({ error }) => done.reject(new Error(error.message)),
  });
  await session.connect();
  await session.updateSession({ instructions: 'Be brief.', modalities: ['text', 'audio'] });
  await session.sendAudio(new Uint8Array(640));
  expect(await Promise.all([said.promise, done.promise])).toEqual(['It is noon.', undefined]);
  await session.disconnect();
  const request = provider.requests.at(-1);
  expect(request?.url).toMatch(/^\/voice-live\/realtime\?api-version=[\d-]+&model=gpt-realtime$/);
  expect(request?.headers['api-key']).toBe(PROVIDER_KEY);
  const { turns, ledger, ...kept } = await keptSession(gateway, KEY, 'openai-realtime-beta');
  expect(kept).toMatchObject({ provider: 'voicelive', model: 'gpt-realtime' });
  expect(turns).toMatchObject([{ assistant: 'It is noon.' }]);
  expect(ledger[0]?.usage).toMatchObject({ inputTokens: 40, outputTokens: 60 });
});

test.each([
  ['a wrong key', 'wrong', 'gpt-realtime', '401'],
  ['a model that the key may not use', KEY, 'gpt-other', '403'],
])('%s opens nothing', async (_what, key, model, status) => {
  const session = new VoiceLiveClient(gateway.http, { key }).createSession(model);
  await expect(session.connect()).rejects.toThrow(status);
});
