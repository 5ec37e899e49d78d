// The official Cartesia SDK transcribes and speaks through the gateway, with a key and with an access token. The provider is made of recordings of what
// the SDK sends, and of its types. Its speech dials TLS whatever its base URL says.

import Cartesia from '@cartesia/cartesia-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { keptSession } from '../../support/kept-session.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type ServedGateway, serveGateway, trust } from '../../support/sdk.ts';

const KEY = 'secret-of-the-demo-key';
const PROVIDER_KEY = 'secret-of-the-provider';
const AUDIO = Buffer.from([0, 1, 2, 3]).toString('base64');
let provider: FakeProvider;
let gateway: ServedGateway;

beforeAll(async () => {
  provider = await startProvider({
    onSession(ws, { url = '' }) {
      if (url.startsWith('/tts')) speak(ws);
      else if (url.startsWith('/stt/turns')) hearTurns(ws);
      else hear(ws);
    },
  });
  gateway = await serveGateway({
    keys: [{ id: 'demo', secret: KEY, models: ['cartesia/ink-*', 'cartesia/sonic*'] }],
    providers: { cartesia: { baseUrl: provider.url, apiKey: PROVIDER_KEY, allowPrivate: true } },
    prices: { 'cartesia/ink-*': { audioInputMinute: 6 }, 'cartesia/sonic*': { characters: 50 } },
  });
  trust(gateway);
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

const id = { request_id: 'r1' };

/** Takes all sound until it is told to finalize for one question. */
function hear(ws: WebSocket): void {
  const send = (event: object) => ws.send(JSON.stringify(event));
  ws.on('message', (data: Buffer, isBinary) => {
    if (isBinary) return;
    if (String(data) === 'finalize') {
      send({ type: 'transcript', ...id, is_final: true, text: 'What is the time?' });
      send({ type: 'flush_done', ...id });
    } else {
      send({ type: 'done', ...id });
      ws.close(1000);
    }
  });
}

function hearTurns(ws: WebSocket): void {
  const send = (event: object) => ws.send(JSON.stringify(event));
  send({ type: 'connected', ...id });
  ws.on('message', (_, isBinary) => {
    if (!isBinary) return;
    send({ type: 'turn.start', ...id });
    send({ type: 'turn.end', ...id, transcript: 'What is the time?' });
  });
}

function speak(ws: WebSocket): void {
  ws.on('message', (data: Buffer) => {
    const { context_id, transcript } = JSON.parse(data.toString());
    const of = { context_id, status_code: 206 };
    if (transcript) ws.send(JSON.stringify({ type: 'chunk', data: AUDIO, done: false, step_time: 1, ...of }));
    ws.send(JSON.stringify({ type: 'done', done: true, ...of, status_code: 200 }));
  });
}

const format = { encoding: 'pcm_s16le', sample_rate: 16_000 } as const;
const clientOf = (options: { apiKey?: string; token?: string } = { apiKey: KEY }) =>
  new Cartesia({ apiKey: null, token: null, ...options, baseURL: gateway.https, maxRetries: 0 });

test('a transcription passes by the words of the client, and its audio is known', async () => {
  const ws = clientOf().stt.manualFinalize.websocket({ model: 'ink-whisper', ...format }, { reconnect: null });
  const flushed = new Promise<unknown>((resolve) => ws.on('transcript', resolve));
  const done = new Promise<unknown>((resolve) => ws.on('done', resolve));
  ws.sendRaw(new Uint8Array(3200));
  ws.sendRaw('finalize');
  expect(await flushed).toMatchObject({ text: 'What is the time?' });
  ws.sendRaw('done');
  await done;
  const [request] = provider.requests.slice(-1);
  expect(request?.headers.authorization).toBe(`Bearer ${PROVIDER_KEY}`);
  // The SDK puts its version into a header, or into the query where it takes the WebSocket of browsers.
  expect(`${request?.url} ${request?.headers['cartesia-version']}`).toContain('2026-08-14');
  expect(request?.url).not.toContain(KEY);
  const { turns, ledger, model } = await keptSession(gateway, KEY, 'cartesia-transcription');
  expect(model).toBe('ink-whisper');
  expect(turns).toMatchObject([{ user: 'What is the time?', assistant: '' }]);
  // A tenth of a second, at ten cents a second.
  expect(ledger[0]).toMatchObject({ usage: { inputAudioSeconds: 0.1 }, costMicroUsd: 10_000 });
});

test('a transcription passes by turns', async () => {
  const ws = clientOf().stt.autoFinalize.websocket({ model: 'ink-2', ...format }, { reconnect: null });
  const ended = new Promise<unknown>((resolve) => ws.on('turn.end', resolve));
  ws.sendRaw(new Uint8Array(3200));
  expect(await ended).toMatchObject({ transcript: 'What is the time?' });
  ws.close();
  expect((await keptSession(gateway, KEY, 'cartesia-turns')).turns).toMatchObject([{ user: 'What is the time?' }]);
});

const text = {
  model_id: 'sonic-3',
  transcript: 'It is noon.',
  voice: { mode: 'id', id: 'v1' },
  output_format: { container: 'raw', encoding: 'pcm_s16le', sample_rate: 44_100 },
} as const;

/** The types of the events that a text brings, or why it brings none. */
async function speech(client: Cartesia, model_id = 'sonic-3'): Promise<string[]> {
  const ws = await client.tts.websocket();
  // Without a listener it throws the same error once more, outside.
  ws.on('error', () => {});
  const types: string[] = [];
  try {
    for await (const { type } of ws.generate({ ...text, model_id })) types.push(type);
  } finally {
    ws.close();
  }
  return types;
}

test('text is spoken, and its characters are billed', async () => {
  expect(await speech(clientOf())).toEqual(['chunk', 'done']);
  const { turns, ledger, model } = await keptSession(gateway, KEY, 'cartesia-speech');
  expect(model).toBe('sonic-3');
  expect(turns).toMatchObject([{ user: '', assistant: 'It is noon.' }]);
  expect(ledger[0]).toMatchObject({ usage: { characters: 11 }, costMicroUsd: 550 });
});

test('a model that the key may not use is told as an error of the socket', async () => {
  await expect(speech(clientOf(), 'other')).rejects.toThrow('model_not_allowed');
});

test('an access token opens what it was granted, and nothing else', async () => {
  const { token } = await clientOf().accessToken.create({ grants: { tts: true }, expires_in: 60 });
  expect(token).toMatch(/^ek_/);
  expect(await speech(clientOf({ token }))).toEqual(['chunk', 'done']);
  const ws = clientOf({ token }).stt.autoFinalize.websocket({ model: 'ink-2', ...format }, { reconnect: null });
  const before = provider.requests.length;
  await new Promise((resolve) => ws.on('error', resolve));
  expect(provider.requests).toHaveLength(before);
});

test('a wrong key is told what was wrong', async () => {
  const wrong = clientOf({ apiKey: 'wrong' });
  await expect(wrong.accessToken.create({ grants: { tts: true } })).rejects.toThrow(/401 .*key/);
});
