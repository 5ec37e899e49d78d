// The official Hume SDK chats and speaks through the gateway. The provider is made of recordings of what the SDK sends, and of its types.

import { fetchAccessToken, HumeClient } from 'hume';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { keptSession } from '../../support/kept-session.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type ServedGateway, serveGateway } from '../../support/sdk.ts';

const KEY = 'secret-of-the-demo-key';
const PROVIDER_KEY = 'secret-of-the-provider';
const WAV = 'UklGRiQAAABXQVZF';
let provider: FakeProvider;
let gateway: ServedGateway;

beforeAll(async () => {
  provider = await startProvider({
    onSession: (ws, { url = '' }) => (url.startsWith('/v0/tts') ? speak(ws) : chat(ws)),
  });
  gateway = await serveGateway({
    keys: [
      { id: 'demo', secret: KEY },
      { id: 'other', secret: 'secret-of-another-key' },
    ],
    providers: { hume: { baseUrl: provider.url, apiKey: PROVIDER_KEY, allowPrivate: true } },
    prices: { 'hume/*': { minute: 60 } },
  });
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

const messageOf = (role: 'user' | 'assistant', content: string) => ({
  type: `${role}_message`,
  message: { role, content },
  models: {},
  from_text: false,
});

/** Takes all sound for one question. */
function chat(ws: WebSocket): void {
  const send = (event: object) => ws.send(JSON.stringify(event));
  send({ type: 'chat_metadata', chat_id: 'chat-1', chat_group_id: 'group-1', request_id: 'r1' });
  ws.on('message', (data: Buffer) => {
    if (JSON.parse(data.toString()).type !== 'audio_input') return;
    send({ ...messageOf('user', 'What is the time?'), interim: false, time: { begin: 0, end: 900 } });
    send({ ...messageOf('assistant', 'It is noon.'), id: 'a1', is_quick_response: false });
    send({ type: 'audio_output', id: 'a1', index: 0, data: WAV });
    send({ type: 'assistant_end' });
  });
}

function speak(ws: WebSocket): void {
  ws.on('message', (data: Buffer) => {
    const { text } = JSON.parse(data.toString());
    const ids = { request_id: 'r', generation_id: 'g', snippet_id: 's' };
    const piece = { audio: WAV, audio_format: 'wav', chunk_index: 0, is_last_chunk: true, utterance_index: 0 };
    if (text) ws.send(JSON.stringify({ type: 'audio', text, ...ids, ...piece }));
  });
}

function clientOf(credential: string | { accessToken: string } = KEY): HumeClient {
  const { http, ws } = gateway;
  const given = typeof credential === 'string' ? { apiKey: credential } : credential;
  const environment = { base: http, evi: `${ws}/v0/evi`, tts: `${ws}/v0/tts`, stream: `${ws}/v0/stream` };
  return new HumeClient({ ...given, environment });
}

test('a chat passes, and its turns and its time are known', async () => {
  const socket = clientOf().empathicVoice.chat.connect({ configId: 'cfg1', reconnectAttempts: 0 });
  const heard: string[] = [];
  const ended = new Promise<void>((resolve) => {
    socket.on('message', (event) => {
      heard.push(event.type);
      if (event.type === 'assistant_end') resolve();
    });
  });
  await socket.waitForOpen();
  socket.sendAudioInput({ data: WAV });
  await ended;
  socket.close();
  expect(heard).toEqual(['chat_metadata', 'user_message', 'assistant_message', 'audio_output', 'assistant_end']);
  const [request] = provider.requests.slice(-1);
  expect(request?.headers['x-hume-api-key']).toBe(PROVIDER_KEY);
  expect(request?.url).toMatch(/config_id=cfg1/);
  expect(request?.url).not.toContain(KEY);
  const { turns, ledger, ...kept } = await keptSession(gateway, KEY, 'hume-chat');
  expect(kept).toMatchObject({ provider: 'hume', model: 'cfg1' });
  expect(turns).toMatchObject([{ user: 'What is the time?', assistant: 'It is noon.' }]);
  expect(ledger[0]?.costMicroUsd).toBeGreaterThan(0);
});

/** Resolves with whether a chat opens. */
function opens(client: HumeClient, resumedChatGroupId?: string): Promise<boolean> {
  const socket = client.empathicVoice.chat.connect({
    reconnectAttempts: 0,
    ...(resumedChatGroupId && { resumedChatGroupId }),
  });
  return new Promise((resolve) => {
    socket.on('message', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  }).finally(() => socket.close()) as Promise<boolean>;
}

test('a chat goes on for the key that had it, and for no other', async () => {
  expect(await opens(clientOf(), 'group-1')).toBe(true);
  expect(await opens(clientOf('secret-of-another-key'), 'group-1')).toBe(false);
  expect(await opens(clientOf('secret-of-another-key'))).toBe(true);
});

test('text is spoken', async () => {
  const socket = await clientOf().tts.streamInput.connect({ noBinary: true, instantMode: true, version: '2' });
  const spoken = new Promise<unknown>((resolve) => socket.on('message', resolve));
  await socket.waitForOpen();
  socket.sendPublish({ text: 'It is noon.' });
  expect(await spoken).toMatchObject({ type: 'audio', audio: WAV, text: 'It is noon.' });
  socket.close();
  const { turns, ...kept } = await keptSession(gateway, KEY, 'hume-speech');
  expect(kept).toMatchObject({ model: 'octave-2' });
  expect(turns).toMatchObject([{ user: '', assistant: 'It is noon.' }]);
});

test('an access token of the SDK opens a chat', async () => {
  // The SDK asks by https alone, and this gateway has no certificate.
  const { fetch } = globalThis;
  const plain = vi
    .spyOn(globalThis, 'fetch')
    .mockImplementation((url, init) => fetch(String(url).replace('https://gateway.example', gateway.http), init));
  const ask = (apiKey: string) => fetchAccessToken({ apiKey, secretKey: 'any', host: 'gateway.example' });
  const accessToken = await ask(KEY);
  await expect(ask('wrong')).rejects.toThrow('401');
  plain.mockRestore();
  expect(accessToken).toMatch(/^ek_/);
  expect(await opens(clientOf({ accessToken }))).toBe(true);
  expect(provider.requests.at(-1)?.headers['x-hume-api-key']).toBe(PROVIDER_KEY);
  expect(provider.requests.at(-1)?.url).not.toContain(accessToken);
});

test('a wrong key opens nothing', async () => {
  expect(await opens(clientOf('wrong'))).toBe(false);
});
