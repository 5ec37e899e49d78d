// The official Speechmatics SDKs transcribe, and talk to an agent, through the gateway. The provider is made of a recording of what the SDK sends, and
// of their types.

import { createSpeechmaticsJWT } from '@speechmatics/auth';
import { FlowClient } from '@speechmatics/flow-client';
import { RealtimeClient } from '@speechmatics/real-time-client';
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
    providers: { speechmatics: { baseUrl: provider.url, apiKey: PROVIDER_KEY, allowPrivate: true } },
  });
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

/** Hears one sentence in any sound; an agent answers it. */
function answer(ws: WebSocket): void {
  const send = (event: object) => ws.send(JSON.stringify(event));
  let isAgent = false;
  ws.on('message', (data: Buffer, isBinary) => {
    if (isBinary) {
      send({ message: 'AudioAdded', seq_no: 1 });
      send({ message: 'AddTranscript', metadata: { start_time: 0, end_time: 1, transcript: 'Hello. ' }, results: [] });
      if (isAgent) {
        send({ message: 'ResponseStarted', content: 'How are you?', start_time: 1 });
        send({ message: 'ResponseCompleted', content: 'How are you?', start_time: 1, end_time: 2 });
      }
      return;
    }
    const { message } = JSON.parse(String(data));
    isAgent ||= message === 'StartConversation';
    if (message === 'StartConversation') send({ message: 'ConversationStarted', id: 'c1', asr_session_id: 'a1' });
    if (message === 'StartRecognition') send({ message: 'RecognitionStarted', id: 'r1' });
    if (message === 'EndOfStream') send({ message: 'EndOfTranscript' });
    if (message === 'AudioEnded') ws.close(1000);
  });
}

const transcription_config = { language: 'en', model: 'enhanced' } as const;
const audio_format = { type: 'raw', encoding: 'pcm_s16le', sample_rate: 16_000 } as const;

test('a transcription passes, and its words and its audio are known', async () => {
  const client = new RealtimeClient({ url: `${gateway.ws}/v2`, appId: 'test' });
  const heard: string[] = [];
  client.addEventListener('receiveMessage', ({ data }) => {
    if (data.message === 'AddTranscript') heard.push(data.metadata.transcript);
  });
  await client.start(KEY, { transcription_config, audio_format });
  client.sendAudio(new Uint8Array(32_000));
  await client.stopRecognition();
  expect(heard).toEqual(['Hello. ']);
  const [request] = provider.requests.slice(-1);
  expect(request?.headers.authorization).toBe(`Bearer ${PROVIDER_KEY}`);
  expect(request?.url).toBe('/v2?sm-app=test');
  const { turns, ledger, model } = await keptSession(gateway, KEY, 'speechmatics-transcription');
  expect([model, turns, ledger[0]?.usage]).toMatchObject(['enhanced', [{ user: 'Hello.' }], { inputAudioSeconds: 1 }]);
});

test('an agent is talked to, and the words of both sides are kept', async () => {
  const client = new FlowClient(gateway.ws, { appId: 'test' });
  const replied = new Promise<void>((resolve) => {
    client.addEventListener('message', ({ data }) => {
      if (data.message === 'ResponseCompleted') resolve();
    });
  });
  const config = { template_id: 'flow-service-assistant-amelia', template_variables: {} };
  await client.startConversation(KEY, { config, audioFormat: audio_format });
  client.sendAudio(new Uint8Array(640).buffer);
  await replied;
  client.endConversation();
  const { turns, model } = await keptSession(gateway, KEY, 'speechmatics-flow');
  expect(model).toBe('flow-service-assistant-amelia');
  expect(turns).toMatchObject([{ user: 'Hello.', assistant: 'How are you?' }]);
});

test('a temporary key of the SDK opens sessions of its kind, and a wrong key makes none', async () => {
  const of = { type: 'rt', ttl: 60, managementPlatformURL: `${gateway.http}/v1` } as const;
  const temporary = await createSpeechmaticsJWT({ ...of, apiKey: KEY });
  const client = new RealtimeClient({ url: `${gateway.ws}/v2`, appId: 'test' });
  await client.start(temporary, { transcription_config, audio_format });
  await client.stopRecognition();
  expect(provider.requests.at(-1)?.headers.authorization).toBe(`Bearer ${PROVIDER_KEY}`);
  const flow = new FlowClient(gateway.ws, { appId: 'test' });
  const config = { template_id: 'flow-service-assistant-amelia', template_variables: {} };
  await expect(flow.startConversation(temporary, { config, audioFormat: audio_format })).rejects.toBeDefined();
  await expect(createSpeechmaticsJWT({ ...of, apiKey: 'wrong' })).rejects.toBeDefined();
});

test('a wrong key is shown by its status alone, as the SDK shows any refusal of an upgrade', async () => {
  const client = new RealtimeClient({ url: `${gateway.ws}/v2`, appId: 'test' });
  const before = provider.requests.length;
  await expect(client.start('wrong', { transcription_config, audio_format })).rejects.toBeDefined();
  expect(provider.requests).toHaveLength(before);
});
