// The official AssemblyAI SDK transcribes through the gateway, with a key and with a temporary token. The provider is made of the documents and of
// the types of the SDK. The SDK dials TLS only.

import { AssemblyAI, type StreamingTranscriber, type TurnEvent } from 'assemblyai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { keptSession } from '../../support/kept-session.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type ServedGateway, serveGateway, trust } from '../../support/sdk.ts';
import { until } from '../../support/until.ts';

const KEY = 'secret-of-the-demo-key';
const PROVIDER_KEY = 'secret-of-the-provider';
let provider: FakeProvider;
let gateway: ServedGateway;

beforeAll(async () => {
  provider = await startProvider({ onSession: transcribe });
  gateway = await serveGateway({
    keys: [{ id: 'demo', secret: KEY, models: ['assemblyai/universal-*'] }],
    providers: { assemblyai: { baseUrl: provider.url, apiKey: PROVIDER_KEY, allowPrivate: true } },
    prices: { 'assemblyai/*': { minute: 60 } },
  });
  trust(gateway);
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

/** Takes all sound for one question, which it tells twice, and says goodbye. */
function transcribe(ws: WebSocket): void {
  const send = (event: object) => ws.send(JSON.stringify(event));
  const turn = { type: 'Turn', turn_order: 0, end_of_turn: true, end_of_turn_confidence: 0.9, words: [] };
  send({ type: 'Begin', id: 'session-1', expires_at: 1_900_000_000 });
  ws.on('message', (data: Buffer, isBinary) => {
    if (isBinary) {
      send({ type: 'SpeechStarted', timestamp: 0 });
      send({ ...turn, turn_is_formatted: false, transcript: 'what is the time' });
      send({ ...turn, turn_is_formatted: true, transcript: 'What is the time?' });
    } else if (JSON.parse(data.toString()).type === 'Terminate') {
      send({ type: 'Termination', audio_duration_seconds: 1, session_duration_seconds: 2 });
      ws.close(1000);
    }
  });
}

const base = () => gateway.https.replace('https', 'wss');

interface Given {
  readonly apiKey?: string;
  readonly token?: string;
  readonly speechModel?: 'universal-streaming-english' | 'whisper-rt';
}

function transcriber({ apiKey = KEY, token, speechModel = 'universal-streaming-english' }: Given = {}) {
  const client = new AssemblyAI({ apiKey, streamingBaseUrl: gateway.https });
  const made = client.streaming.transcriber({
    websocketBaseUrl: `${base()}/v3/ws`,
    sampleRate: 16_000,
    formatTurns: true,
    speechModel,
    maxConnectionRetries: 0,
    connectTimeout: 20_000,
    ...(token !== undefined && { token }),
  });
  return { client, made };
}

/** The turns that a transcriber hears of one sound. */
async function hear(made: StreamingTranscriber): Promise<string[]> {
  const turns: TurnEvent[] = [];
  made.on('turn', (turn) => turns.push(turn));
  await made.connect();
  made.sendAudio(new ArrayBuffer(3200));
  await until(() => turns.length === 2);
  await made.close();
  return turns.map(({ transcript }) => transcript);
}

test('a transcription passes, and its turns and its time are known', async () => {
  expect(await hear(transcriber().made)).toEqual(['what is the time', 'What is the time?']);
  const [request] = provider.requests.slice(-1);
  expect(request?.headers.authorization).toBe(PROVIDER_KEY);
  expect(request?.url).toContain('speech_model=universal-streaming-english');
  const { turns, ledger, ...kept } = await keptSession(gateway, KEY, 'assemblyai-streaming');
  expect(kept).toMatchObject({ provider: 'assemblyai', model: 'universal-streaming-english' });
  expect(turns).toMatchObject([{ user: 'What is the time?', assistant: '' }]);
  // One USD for each second.
  const [{ usage, costMicroUsd } = { usage: {}, costMicroUsd: 0 }] = ledger;
  expect(costMicroUsd).toBe(Math.round((usage.seconds ?? 0) * 1e6));
  expect(costMicroUsd).toBeGreaterThan(0);
});

test('a temporary token opens one session', async () => {
  const { client } = transcriber();
  const token = await client.streaming.createTemporaryToken({
    expires_in_seconds: 60,
    max_session_duration_seconds: 600,
  });
  expect(token).toMatch(/^ek_/);
  expect(await hear(transcriber({ token }).made)).toHaveLength(2);
  expect(provider.requests.at(-1)?.url).not.toContain(token);
  await expect(transcriber({ token }).made.connect()).rejects.toThrow('401');
});

test('a wrong key is told what was wrong', async () => {
  const { client, made } = transcriber({ apiKey: 'wrong' });
  await expect(client.streaming.createTemporaryToken({ expires_in_seconds: 60 })).rejects.toThrow('key');
  await expect(made.connect()).rejects.toThrow('401');
  await expect(transcriber({ speechModel: 'whisper-rt' }).made.connect()).rejects.toThrow('403');
});
