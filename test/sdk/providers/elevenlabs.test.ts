// The official ElevenLabs SDK talks with an agent and transcribes through the gateway. The provider is made of recordings of what the SDK sends, and of
// its types. It has no client for the sockets of speech.

import { AudioFormat, CommitStrategy, ElevenLabsClient, RealtimeEvents } from '@elevenlabs/elevenlabs-js';
import { Conversation } from '@elevenlabs/elevenlabs-js/api/resources/conversationalAi/conversation/index.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { keptSession } from '../../support/kept-session.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type ServedGateway, serveGateway } from '../../support/sdk.ts';

const KEY = 'secret-of-the-demo-key';
const PROVIDER_KEY = 'secret-of-the-provider';
const SOUND = Buffer.alloc(32_000, 1).toString('base64');
let provider: FakeProvider;
let gateway: ServedGateway;

beforeAll(async () => {
  provider = await startProvider({
    onSession: (ws, { url = '' }) => (url.startsWith('/v1/convai/') ? converse(ws) : transcribe(ws)),
  });
  gateway = await serveGateway({
    keys: [{ id: 'demo', secret: KEY, models: ['elevenlabs/agent-1', 'elevenlabs/scribe_v2_realtime'] }],
    providers: { elevenlabs: { baseUrl: provider.url, apiKey: PROVIDER_KEY, allowPrivate: true } },
  });
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

/** Takes any sound for one question. */
function converse(ws: WebSocket): void {
  const send = (event: object) => ws.send(JSON.stringify(event));
  const formats = { agent_output_audio_format: 'pcm_16000', user_input_audio_format: 'pcm_16000' };
  ws.on('message', (data: Buffer) => {
    const { type, user_audio_chunk: sound } = JSON.parse(data.toString());
    if (type === 'conversation_initiation_client_data')
      send({
        type: 'conversation_initiation_metadata',
        conversation_initiation_metadata_event: { conversation_id: 'c1', ...formats },
      });
    if (sound === undefined) return;
    send({ type: 'user_transcript', user_transcription_event: { user_transcript: 'What is the time?', event_id: 1 } });
    send({ type: 'audio', audio_event: { audio_base_64: SOUND, event_id: 2 } });
    send({ type: 'agent_response', agent_response_event: { agent_response: 'It is noon.', event_id: 2 } });
  });
}

/** Hears one sentence in what is committed. */
function transcribe(ws: WebSocket): void {
  const send = (event: object) => ws.send(JSON.stringify(event));
  send({ message_type: 'session_started', session_id: 's1', config: {} });
  ws.on('message', (data: Buffer) => {
    if (JSON.parse(data.toString()).commit) send({ message_type: 'committed_transcript', text: 'What is the time?' });
  });
}

const clientOf = (apiKey = KEY) => new ElevenLabsClient({ apiKey, baseUrl: gateway.http });

/** The newest handshake at the provider has the credential of the account, and none of the client. */
function expectOurs(path: RegExp): void {
  const { url, headers } = provider.requests.at(-1) ?? {};
  expect(url).toMatch(path);
  expect(headers?.['xi-api-key']).toBe(PROVIDER_KEY);
  expect(JSON.stringify([url, headers])).not.toMatch(/secret-of-the-demo-key|ek_/);
}

test('a conversation asks for a signed URL, which is one of the gateway, and its turns are kept', async () => {
  const microphone = Promise.withResolvers<(sound: Buffer) => void>();
  const heard = Promise.withResolvers<Buffer>();
  const asked = Promise.withResolvers<string>();
  const answered = Promise.withResolvers<string>();
  const conversation = new Conversation({
    conversationClient: clientOf(),
    agentId: 'agent-1',
    requiresAuth: true,
    audioInterface: { start: microphone.resolve, output: heard.resolve, stop() {}, interrupt() {} },
    callbackUserTranscript: asked.resolve,
    callbackAgentResponse: answered.resolve,
  });
  await conversation.startSession();
  (await microphone.promise)(Buffer.alloc(640));
  expect(await Promise.all([asked.promise, answered.promise])).toEqual(['What is the time?', 'It is noon.']);
  expect((await heard.promise).toString('base64')).toBe(SOUND);
  expect(conversation.getConversationId()).toBe('c1');
  conversation.endSession();
  expectOurs(/^\/v1\/convai\/conversation\?agent_id=agent-1&source=js_sdk&version=[\d.]+$/);
  const { turns, ...kept } = await keptSession(gateway, KEY, 'elevenlabs-agent');
  expect(kept).toMatchObject({ provider: 'elevenlabs', model: 'agent-1' });
  expect(turns).toMatchObject([{ user: 'What is the time?', assistant: 'It is noon.' }]);
});

test('a signed URL is made for agents of the list alone, and for no wrong key', async () => {
  const signed = (agentId: string, key?: string) =>
    clientOf(key).conversationalAi.conversations.getSignedUrl({ agentId });
  await expect(signed('agent-2')).rejects.toMatchObject({ statusCode: 403 });
  await expect(signed('agent-1', 'wrong')).rejects.toMatchObject({ statusCode: 401 });
});

async function transcribed(token?: string): Promise<string> {
  const connection = await clientOf().speechToText.realtime.connect({
    modelId: 'scribe_v2_realtime',
    audioFormat: AudioFormat.PCM_16000,
    sampleRate: 16_000,
    commitStrategy: CommitStrategy.MANUAL,
    ...(token && { token }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  connection.on(RealtimeEvents.ERROR, reject);
  connection.on(RealtimeEvents.COMMITTED_TRANSCRIPT, ({ text }) => resolve(text));
  connection.on(RealtimeEvents.SESSION_STARTED, () => {
    connection.send({ audioBase64: SOUND });
    connection.commit();
  });
  return promise.finally(() => connection.close());
}

test('a transcription passes, with the seconds of its sound', async () => {
  expect(await transcribed()).toBe('What is the time?');
  expectOurs(/^\/v1\/speech-to-text\/realtime\?model_id=scribe_v2_realtime&/);
  const { turns, ledger, ...kept } = await keptSession(gateway, KEY, 'elevenlabs-transcription');
  expect(kept).toMatchObject({ provider: 'elevenlabs', model: 'scribe_v2_realtime' });
  expect(turns).toMatchObject([{ user: 'What is the time?' }]);
  expect(ledger[0]?.usage).toMatchObject({ inputAudioSeconds: 1 });
});

test('a token opens one transcription', async () => {
  const { token } = await clientOf().tokens.singleUse.create('realtime_scribe');
  expect(await transcribed(token)).toBe('What is the time?');
  expectOurs(/^\/v1\/speech-to-text\/realtime\?/);
  await expect(transcribed(token)).rejects.toThrow('401');
});
