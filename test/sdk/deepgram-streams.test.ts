// The official Deepgram SDK with transcription, speech and tokens, against a provider that follows a script. The SDK is pointed at the gateway
// by its own option `environment`, and is not changed.

import { randomUUID } from 'node:crypto';
import { DeepgramClient } from '@deepgram/sdk';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from 'ws';
import { type FakeProvider, startProvider } from '../support/provider.ts';
import { Heard, type ServedGateway, serveGateway } from '../support/sdk.ts';
import { until } from '../support/until.ts';

const KEY = 'secret-of-the-demo-key';
const PROVIDER_KEY = 'secret-of-the-provider';
const sound = Buffer.from([0, 1, 2, 0xff]);
let provider: FakeProvider;
let gateway: ServedGateway;

beforeAll(async () => {
  provider = await startProvider({
    onSession: (ws, request) => scripts[new URL(request.url ?? '', 'ws://p').pathname]?.(ws),
  });
  gateway = await serveGateway({
    keys: [{ id: 'demo', secret: KEY, models: ['deepgram/nova-*', 'deepgram/flux-*', 'deepgram/aura-2-*'] }],
    providers: { deepgram: { baseUrl: provider.url, apiKey: PROVIDER_KEY, allowPrivate: true } },
  });
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

/** Transcribes all sound as one sentence, and speaks every text as the same sound. */
const scripts: Readonly<Record<string, (ws: WebSocket) => void>> = {
  '/v1/listen': (ws) =>
    answer(ws, {
      sound: [
        {
          ...result,
          is_final: true,
          speech_final: true,
          channel: { alternatives: [{ transcript: 'What time is it?' }] },
        },
      ],
      CloseStream: [{ type: 'Metadata', request_id: 'r', duration: 1.5, channels: 1 }],
    }),
  '/v2/listen': (ws) => {
    ws.send(JSON.stringify({ type: 'Connected', request_id: 'r', sequence_id: 0 }));
    answer(ws, {
      sound: [
        { type: 'TurnInfo', event: 'StartOfTurn', transcript: 'What', audio_window_end: 1 },
        { type: 'TurnInfo', event: 'EndOfTurn', transcript: 'What time is it?', audio_window_end: 2 },
      ],
    });
  },
  '/v1/speak': (ws) => answer(ws, { Flush: [sound, { type: 'Flushed', sequence_id: 0 }] }),
  '/v2/speak': (ws) => {
    ws.send(JSON.stringify({ type: 'Connected', request_id: 'r', model_name: 'flux-haley-en' }));
    answer(ws, {
      Flush: [{ type: 'SpeechStarted', speech_id: 's' }, sound, { type: 'SpeechMetadata', speech_id: 's' }],
    });
  },
};

const result = { type: 'Results', channel_index: [0, 1], start: 0, duration: 1.5 };

function answer(ws: WebSocket, answers: Readonly<Record<string, readonly (object | Buffer)[]>>): void {
  ws.on('message', (data: Buffer, isBinary) => {
    const type: string = isBinary ? 'sound' : JSON.parse(data.toString()).type;
    for (const reply of answers[type] ?? []) ws.send(Buffer.isBuffer(reply) ? reply : JSON.stringify(reply));
  });
}

const clientOf = (credential: { apiKey: string } | { accessToken: string }) => {
  const { http, ws } = gateway;
  const environment = { base: http, production: ws, agent: ws, agentRest: http };
  return new DeepgramClient({ apiKey: 'unused', ...credential, environment });
};

interface Socket {
  on(event: 'message', take: (message: never) => void): void;
  on(event: 'close', take: (event: never) => void): void;
  connect(): unknown;
  waitForOpen(): Promise<unknown>;
  close(): void;
}

/** Opens a socket of the SDK, and keeps the events and the sound that it hears. */
async function opened<S extends Socket>(socket: S) {
  onTestFinished(() => socket.close());
  const heard = new Heard<Readonly<Record<string, unknown>>>();
  const sounds: Promise<ArrayBuffer>[] = [];
  socket.on('message', (message: unknown) => {
    if (message instanceof Blob) sounds.push(message.arrayBuffer());
    else heard.add(message as Record<string, unknown>);
  });
  socket.connect();
  await socket.waitForOpen();
  return {
    socket,
    next: (type: string) => heard.next((event) => event.type === type),
    sound: async () => Buffer.concat((await Promise.all(sounds)).map((bytes) => Buffer.from(bytes))),
  };
}

const shouldReconnect = () => false;
const asked = () => ({ Authorization: '', shouldReconnect, queryParams: { 'trunkline-session': randomUUID() } });

/** The turns of the session that a handshake asked for. */
async function turnsOf({ queryParams }: ReturnType<typeof asked>): Promise<readonly object[]> {
  const url = `${gateway.http}/v1/sessions/${queryParams['trunkline-session']}`;
  const kept = async () => {
    const response = await fetch(url, { headers: { authorization: `Bearer ${KEY}` } });
    return response.ok ? await response.json() : {};
  };
  await until(async () => (await kept()).turns?.length > 0);
  return (await kept()).turns;
}

test('Listen v1 transcribes, and its words are kept as those of the user', async () => {
  const args = { ...asked(), model: 'nova-3', encoding: 'linear16', sample_rate: 16_000 } as const;
  const { socket, next } = await opened(await clientOf({ apiKey: KEY }).listen.v1.connect(args));
  socket.sendMedia(sound);
  expect(await next('Results')).toMatchObject({ is_final: true });
  socket.sendCloseStream({ type: 'CloseStream' });
  expect(await next('Metadata')).toMatchObject({ duration: 1.5 });
  const { url, headers } = provider.requests.at(-1) ?? {};
  expect(url).toBe('/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000');
  expect(headers?.authorization).toBe(`Token ${PROVIDER_KEY}`);
  socket.close();
  expect(await turnsOf(args)).toMatchObject([{ user: 'What time is it?', assistant: '' }]);
});

test('Listen v2 (Flux) tells of turns', async () => {
  const args = { ...asked(), model: 'flux-general-en', encoding: 'linear16', sample_rate: 16_000 } as const;
  const { socket, next } = await opened(await clientOf({ apiKey: KEY }).listen.v2.connect(args));
  await next('Connected');
  socket.sendMedia(sound);
  expect(await next('TurnInfo')).toMatchObject({ event: 'StartOfTurn' });
  expect(await next('TurnInfo')).toMatchObject({ event: 'EndOfTurn', transcript: 'What time is it?' });
  socket.close();
  expect(await turnsOf(args)).toMatchObject([{ user: 'What time is it?' }]);
});

test('Speak v1 speaks, and its words are kept as those of the assistant', async () => {
  const args = { ...asked(), model: 'aura-2-thalia-en', encoding: 'linear16', sample_rate: '24000' } as const;
  const { socket, next, sound: spoken } = await opened(await clientOf({ apiKey: KEY }).speak.v1.connect(args));
  socket.sendText({ type: 'Speak', text: 'Hello.' });
  socket.sendFlush({ type: 'Flush' });
  await next('Flushed');
  expect(await spoken()).toEqual(sound);
  socket.close();
  expect(await turnsOf(args)).toMatchObject([{ user: '', assistant: 'Hello.' }]);
});

test('Speak v2 (Flux) speaks in turns', async () => {
  const args = { ...asked(), model: 'flux-haley-en', encoding: 'linear16', sample_rate: '24000' } as const;
  const { socket, next, sound: spoken } = await opened(await clientOf({ apiKey: KEY }).speak.v2.connect(args));
  await next('Connected');
  socket.sendSpeak({ type: 'Speak', text: 'Hello.' });
  socket.sendFlush({ type: 'Flush' });
  await next('SpeechMetadata');
  expect(await spoken()).toEqual(sound);
  socket.close();
  expect(await turnsOf(args)).toMatchObject([{ user: '', assistant: 'Hello.' }]);
});

test('a model that is not in the list of the key is refused before the 101', async () => {
  const url = `${gateway.http}/v1/listen?model=whisper`;
  const told = await fetch(url, { headers: { authorization: `Token ${KEY}` } });
  expect([told.status, await told.json()]).toMatchObject([403, { err_code: 'model_not_allowed' }]);
});

test('a granted token opens sockets as a bearer and in a subprotocol, until its time is over', async () => {
  const { access_token: token, expires_in: seconds } = await clientOf({ apiKey: KEY }).auth.v1.tokens.grant({
    ttl_seconds: 600,
  });
  expect(seconds).toBe(600);
  const args = { ...asked(), model: 'nova-3' } as const;
  const { socket, next } = await opened(await clientOf({ accessToken: token }).listen.v1.connect(args));
  socket.sendMedia(sound);
  await next('Results');
  socket.close();
  const browser = new globalThis.WebSocket(`${gateway.ws}/v1/speak?model=aura-2-thalia-en`, ['bearer', token]);
  await new Promise((resolve, reject) => {
    browser.addEventListener('open', resolve);
    browser.addEventListener('error', reject);
  });
  expect(browser.protocol).toBe('bearer');
  expect(JSON.stringify(provider.requests.map(({ url, headers }) => [url, headers]))).not.toContain(token);
  browser.close();
});

test.each([[{ ttl_seconds: 0 }], [{ ttl_seconds: 3601 }], [{ ttl_seconds: 'x' }], [{ seconds: 30 }]])(
  'a token is not granted for %j, in the shape of the provider',
  async (body) => {
    const headers = { authorization: `Token ${KEY}`, 'content-type': 'application/json' };
    const answer = await fetch(`${gateway.http}/v1/auth/grant`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    expect([answer.status, await answer.json()]).toMatchObject([400, { err_code: 'invalid_request' }]);
  },
);
