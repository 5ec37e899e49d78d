// Runs the clients of Live, Translation and transcription in the OpenAI SDK and the AI SDK against the rehearsal, behind a gateway as a newcomer starts it.

import { createOpenAI } from '@ai-sdk/openai';
import OpenAI from 'openai';
import type { ServerEvent } from 'openai/resources/live/live';
import { LiveWS } from 'openai/resources/live/ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { speech, spokenTurn } from '../support/recording.ts';
import { Heard, type ServedGateway, serveGateway } from '../support/sdk.ts';

let gateway: ServedGateway;
let ai: ReturnType<typeof createOpenAI>;

beforeAll(async () => {
  const times = { firstAudioMs: 20, firstTextMs: 10, tokenMs: 0, audioSpeed: 50, transcriptionMs: 0 };
  gateway = await serveGateway({ rehearsal: { times } });
  ai = createOpenAI({ baseURL: `${gateway.http}/v1`, apiKey: 'any' });
});
afterAll(() => gateway?.close());

const HEARD = '(3 seconds of speech)';

/** The words of one side, until they are these. */
async function words(next: () => Promise<string>, whole: string): Promise<void> {
  for (let text = ''; text !== whole; ) {
    text += await next();
    expect(whole.startsWith(text), text).toBe(true);
  }
}

/** The audio of a turn, as a client of the AI SDK streams it. */
function audioStream(): ReadableStream<Uint8Array> {
  const pieces = spokenTurn('librivox-0880', 24_000).values();
  return new ReadableStream({
    pull(controller) {
      const { value, done } = pieces.next();
      if (done) controller.close();
      else controller.enqueue(Buffer.from(value, 'base64'));
    },
  });
}

async function partsOf<Part extends { type: string }>(stream: ReadableStream<Part>): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

describe('Live', () => {
  test('the OpenAI SDK hears and is heard, at once and without turns, and has the whole bill in the end', async () => {
    const client = new LiveWS(new OpenAI({ baseURL: `${gateway.http}/v1`, apiKey: 'any' }));
    const heard = new Heard<ServerEvent>();
    client.on('event', heard.add);
    client.on('error', heard.fail);
    client.send({ type: 'session.start', session: { model: 'gpt-live-1', instructions: 'Be brief.' } });
    const { session } = await heard.type('session.started');
    expect(session).toMatchObject({ model: 'gpt-live-1', status: 'active' });
    for (const audio of spokenTurn('librivox-0880', 24_000)) client.send({ type: 'session.input_audio.append', audio });
    await words(async () => (await heard.type('session.input_transcript.delta')).delta, HEARD);
    expect((await heard.type('session.output_transcript.delta')).delta).toBe('This');
    client.send({ type: 'session.input_audio.mute', event_id: 'mine' });
    expect(await heard.type('session.input_audio.muted')).toMatchObject({ client_event_id: 'mine' });
    client.send({ type: 'session.close' });
    const { reason, usage } = await heard.type('session.closed');
    expect(reason).toBe('close_requested');
    expect(usage.seconds).toBeGreaterThan(0);
    expect(heard.events.filter(({ type }) => type === 'session.output_audio.delta').length).toBeGreaterThan(3);
  });

  test('a first event that is wrong is an error of the SDK', async () => {
    const client = new LiveWS(new OpenAI({ baseURL: `${gateway.http}/v1`, apiKey: 'any' }));
    const failed = new Promise<Error>((resolve) => client.on('error', resolve));
    client.send({ type: 'session.input_audio.mute' });
    expect((await failed).message).toContain("Send 'session.start' first");
    client.close();
  });

  test('the AI SDK understands every event', async () => {
    const model = ai.experimental_realtime('gpt-live-1');
    const { url = '', headers } = (await model.getServerWebSocketConfig?.({})) ?? {};
    const socket = new WebSocket(url, { headers });
    const heard = new Heard<{ readonly type: string; readonly [field: string]: unknown }>();
    socket.on('message', (data) => {
      for (const event of [model.parseServerEvent(JSON.parse(String(data)))].flat()) heard.add(event);
    });
    const send = async (event: Parameters<typeof model.serializeClientEvent>[0]) =>
      socket.send(JSON.stringify(await model.serializeClientEvent(event)));
    await new Promise((resolve) => socket.once('open', resolve));
    await send({ type: 'session-start', config: { instructions: 'Be brief.', voice: 'cedar' } });
    expect(await heard.type('session-started')).toMatchObject({ delegationMode: 'client' });
    for (const audio of spokenTurn('librivox-0880', 24_000)) await send({ type: 'input-audio-append', audio });
    await heard.type('transcript-fragment');
    await send({ type: 'context-append', content: 'The order is late.', delegationId: null, eventId: 'mine' });
    expect(await heard.type('command-acknowledged')).toMatchObject({
      command: 'session.thinking.append',
      clientEventId: 'mine',
    });
    await send({
      type: 'context-append',
      content: 'Delegate it.',
      delegationId: null,
      providerOptions: { openai: { channel: 'instructions' } },
    });
    expect(await heard.type('delegation-created')).toMatchObject({ target: 'client' });
    await send({ type: 'session-close' });
    expect(await heard.type('session-closed')).toMatchObject({ usage: { seconds: expect.any(Number) } });
    expect(heard.events.filter(({ type }) => type === 'error' || type === 'custom')).toEqual([]);
  });
});

test('the AI SDK translates: what was said is said again, and the session closes behind it', async () => {
  const { stream } = await ai.translation('gpt-realtime-translate').doStream({
    targetLanguage: 'de',
    audio: audioStream(),
    inputAudioFormat: { type: 'audio/pcm', rate: 24_000 },
  });
  const parts = await partsOf(stream);
  expect(parts.filter(({ type }) => type === 'error')).toEqual([]);
  expect(parts.filter(({ type }) => type === 'audio').length).toBeGreaterThan(3);
  expect(parts.at(-1)).toMatchObject({
    type: 'finish',
    outputText: 'This is the rehearsal provider. I heard 3 seconds of speech.',
  });
});

test('the AI SDK transcribes what it commits', async () => {
  const model = ai.transcription('gpt-realtime-whisper');
  if (model.doStream === undefined) throw new Error('expected a model that streams');
  const { stream } = await model.doStream({
    audio: new Blob([new Uint8Array(speech('librivox-0880', 24_000))]).stream(),
    inputAudioFormat: { type: 'audio/pcm', rate: 24_000 },
  });
  const parts = await partsOf(stream);
  expect(parts.filter(({ type }) => type === 'error')).toEqual([]);
  expect(parts.at(-1)).toMatchObject({ type: 'finish', text: HEARD });
});
