// The usage that a session is billed by and no provider reports: counted from what passes, on real sockets, also of messages that nobody looks into.

import { afterEach, describe, expect, test } from 'vitest';
import type { Dialect } from '../../../../adapters/realtime/contract/dialect.ts';
import type { BillingBase } from '../../../../adapters/realtime/contract/metering.ts';
import { findEndpoint } from '../../../../adapters/realtime/index.ts';
import { openRawSession } from '../../../support/raw-session.ts';
import { frameBytes } from '../../../support/raw-socket.ts';
import { destroySocketPairs } from '../../../support/socket-pair.ts';

afterEach(destroySocketPairs);

const dialectOf = (path: string) => findEndpoint(path)?.endpoint.dialect as Dialect;
const realtime = dialectOf('/v1/realtime');
const deepgram = dialectOf('/v1/agent/converse');

type Opened = Awaited<ReturnType<typeof openRawSession>>;

const open = (dialect: Dialect, billedBy: readonly BillingBase[], sound = {}) =>
  openRawSession({ dialect, billedBy, sound, model: 'asked' });

/** Sends a message of the client, or of the provider, and waits until it has passed. */
async function pass(
  { client, upstream }: Opened,
  from: 'client' | 'provider',
  payload: Buffer | object,
): Promise<void> {
  const masked = from === 'client';
  const isBinary = Buffer.isBuffer(payload);
  const bytes = frameBytes(isBinary ? 2 : 1, isBinary ? payload : JSON.stringify(payload), { masked });
  const [source, sink] = masked ? [client, upstream] : [upstream, client];
  source.send(bytes);
  await sink.frame();
}

async function end({ client, upstream, ended }: Opened) {
  client.socket.destroy();
  upstream.socket.destroy();
  return ended;
}

const said = (bytes: number, more = {}) => ({
  type: 'input_audio_buffer.append',
  ...more,
  audio: Buffer.alloc(bytes, 7).toString('base64'),
});
const spoken = (bytes: number) => ({
  type: 'response.output_audio.delta',
  response_id: 'r1',
  delta: Buffer.alloc(bytes).toString('base64'),
});

test('audio in base64 is counted to the byte, with what is around it left out, in each direction', async () => {
  const session = await open(realtime, ['audio-in', 'audio-out']);
  // Half a second of 24 kHz in all, most of it in repeats; then as much with an id in front.
  for (let count = 0; count < 50; count++) await pass(session, 'client', said(480));
  await pass(session, 'client', { type: 'response.create' });
  for (let count = 0; count < 50; count++)
    await pass(session, 'client', said(480, { event_id: 'a-long-id-of-the-client' }));
  for (let count = 0; count < 4; count++) await pass(session, 'provider', spoken(24_000));
  expect((await end(session)).usage).toEqual({ inputAudioSeconds: 1, outputAudioSeconds: 2 });
});

test('audio counts in the format that the session names, from then on', async () => {
  const session = await open(realtime, ['audio-in', 'audio-out']);
  for (let count = 0; count < 3; count++) await pass(session, 'client', said(48_000));
  const audio = { input: { format: { type: 'audio/pcmu' } }, output: { format: { type: 'audio/pcm', rate: 16_000 } } };
  await pass(session, 'provider', { type: 'session.updated', session: { type: 'realtime', audio } });
  for (let count = 0; count < 3; count++) await pass(session, 'client', said(8000));
  await pass(session, 'provider', spoken(32_000));
  expect((await end(session)).usage).toEqual({ inputAudioSeconds: 6, outputAudioSeconds: 1 });
});

test('audio in binary messages counts by the rate of the handshake, and no other message does', async () => {
  const session = await open(deepgram, ['audio-in'], { upstream: 32_000 });
  await pass(session, 'client', { type: 'Settings', agent: { think: { provider: { model: 'm' } } } });
  for (let count = 0; count < 10; count++) await pass(session, 'client', Buffer.alloc(3200, 1));
  await pass(session, 'client', { type: 'KeepAlive' });
  await pass(session, 'client', Buffer.alloc(0));
  await pass(session, 'client', Buffer.alloc(3200, 1));
  await pass(session, 'provider', Buffer.alloc(3200));
  expect((await end(session)).usage).toEqual({ inputAudioSeconds: 1.1 });
});

test('audio whose rate is not known counts as the time that the session was connected, once there is some', async () => {
  const silent = await open(deepgram, ['audio-in'], { upstream: 0 });
  expect((await end(silent)).usage).toEqual({ inputAudioSeconds: 0 });
  const session = await open(deepgram, ['audio-in', 'connected-time'], { upstream: 0 });
  for (let count = 0; count < 3; count++) await pass(session, 'client', Buffer.alloc(100, 1));
  const { usage, durationMs } = await end(session);
  expect(usage).toEqual({ inputAudioSeconds: durationMs / 1000, seconds: durationMs / 1000 });
});

test('messages of text are counted beside the time, and nothing that is reported is', async () => {
  const session = await open(realtime, ['connected-time', 'messages']);
  const item = (content: object[]) => ({
    type: 'conversation.item.create',
    item: { role: 'user', type: 'message', content },
  });
  await pass(session, 'client', item([{ type: 'input_text', text: 'Hello' }]));
  await pass(session, 'client', item([{ type: 'input_audio', audio: 'AAAA' }]));
  await pass(session, 'client', item([{ type: 'input_text', text: 'Hello again' }]));
  await pass(session, 'provider', { type: 'response.done', response: { usage: { input_tokens: 7 } } });
  const { usage, durationMs, model } = await end(session);
  expect([usage, model]).toEqual([{ messages: 2, seconds: durationMs / 1000 }, 'asked']);
});

test('a report of the same measure takes the place of the count, and the rest is added', async () => {
  const reporting: Dialect = {
    ...realtime,
    observe: (frame, direction) =>
      direction === 'upstream'
        ? { type: 'text', counts: { characters: frame.data.length } }
        : { type: 'x', usage: JSON.parse(frame.data.toString()) },
  };
  const session = await open(reporting, ['reported-usage', 'audio-in', 'characters']);
  await pass(session, 'client', { text: 'abc' });
  await pass(session, 'provider', { cumulative: true, inputAudioSeconds: 2.5 });
  expect((await end(session)).usage).toEqual({ cumulative: true, inputAudioSeconds: 2.5, characters: 14 });
});

test('what is counted belongs to the model that serves, where reports name several', async () => {
  const session = await open(realtime, ['reported-usage', 'messages']);
  await pass(session, 'provider', { type: 'session.created', session: { model: 'm' } });
  const transcribed = { type: 'conversation.item.input_audio_transcription.completed', usage: { input_tokens: 3 } };
  await pass(session, 'provider', transcribed);
  const item = { role: 'user', type: 'message', content: [{ type: 'input_text', text: 'Hello' }] };
  await pass(session, 'client', { type: 'conversation.item.create', item });
  const { usage, usageByModel } = await end(session);
  expect(usage).toEqual({ inputTokens: 3, messages: 1 });
  expect(usageByModel).toEqual([
    { model: 'other', usage: { inputTokens: 3 } },
    { model: 'm', usage: { messages: 1 } },
  ]);
});

const speechPaths = [
  ['/v1/speak', { type: 'Speak' }, 'text'],
  ['/v2/speak', { type: 'Speak' }, 'text'],
  ['/v0/tts/stream/input', {}, 'text'],
  ['/tts/v1/ws', { type: 'Generate' }, 'text'],
  ['/v1/audio/speech/realtime', { type: 'input_text.append' }, 'text'],
  ['/v1/text-to-speech/{voice_id}/stream-input', {}, 'text'],
  ['/v1/ai/speech/stream', {}, 'text'],
  ['/tts/websocket', { model_id: 'm' }, 'transcript'],
] as const;

describe.each(speechPaths)('%s', (path, head, field) => {
  const speech = dialectOf(path);
  const said = { ...head, [field]: 'hello' };
  const inside = JSON.stringify(said).slice(1, -1);

  test.each([
    ['in a binary message', Buffer.from(JSON.stringify(said))],
    ['in a message of another kind', { ...said, type: 'Clear', cancel: true }],
    ['behind a long key', { ['k'.repeat(200)]: 1, ...said }],
    ['by a key in capitals', { ...head, [field.toUpperCase()]: 'hello' }],
  ])('a text counts %s', async (_, payload) => {
    const session = await open(speech, ['characters']);
    await pass(session, 'client', payload);
    expect((await end(session)).usage).toEqual({ characters: 5 });
  });

  test.each([
    ['two types', Buffer.from(`{"type":"Clear",${inside},"type":"Speak"}`)],
    ['two texts', Buffer.from(`{${inside},"${field}":""}`)],
    ['a comma behind its end', Buffer.from(`{${inside},}`)],
    ['a comment', Buffer.from(`/* */{${inside}}`)],
    ['sixteen bits a character', Buffer.from(`{${inside}}`, 'utf16le')],
    ['a list around it', Buffer.from(`[{${inside}}]`)],
    ['more than is read', Buffer.from(`{${inside},"x":"${'x'.repeat(4 * 1024 * 1024)}"}`)],
  ])('a message with %s does not pass, since its text cannot be counted', async (_, payload) => {
    const session = await open(speech, ['characters']);
    session.client.send(frameBytes(2, payload, { masked: true }));
    expect(await session.ended).toMatchObject({ reason: 'frame-refused', closeCode: 1008, frames: { upstream: 0 } });
  });
});

test('a message of text cannot be hidden in sound, where each has a price', async () => {
  const item = '"item":{"role":"user","type":"message","content":[{"type":"input_text","text":"Hello"}]}';
  for (const end of ['', ',']) {
    const session = await open(realtime, ['messages']);
    const twice = `{"type":"input_audio_buffer.append","type":"conversation.item.create",${item}${end}}`;
    session.client.send(frameBytes(1, twice, { masked: true }));
    expect(await session.ended).toMatchObject({ reason: 'frame-refused', frames: { upstream: 0 } });
  }
  const session = await open(realtime, ['messages']);
  const large = { type: 'input_audio_buffer.append', audio: 'QUJD'.repeat(1_200_000) };
  await pass(session, 'client', large);
  expect((await end(session)).usage).toEqual({ messages: 0 });
});

test.each([
  ['/v2/live/socket', '{"type":"stop_recording","type":"audio_chunk","data":{"chunk":"SOUND"}}'],
  ['/v1/audio/transcriptions/realtime', '{"type":"input_audio.flush","type":"input_audio.append","audio":"SOUND"}'],
  ['/v1/speech-to-text/realtime', '{"audio_base_64":"SOUND","message_type":"input_audio_chunk"}'],
])('sound in base64 counts at %s though its type stands elsewhere', async (path, message) => {
  const session = await open(dialectOf(path), ['audio-in'], { upstream: 32_000 });
  const text = message.replace('SOUND', Buffer.alloc(32_000, 7).toString('base64'));
  for (let count = 0; count < 3; count++) {
    session.client.send(frameBytes(1, text, { masked: true }));
    await session.upstream.frame();
  }
  expect((await end(session)).usage).toEqual({ inputAudioSeconds: 3 });
});

test.each(['/v2', '/v1/flow'])(
  'a format that is no plain one says nothing of the sound at %s, nor does a second one',
  async (path) => {
    const start = (format: string) => `{"message":"Start${path === '/v2' ? 'Recognition' : 'Conversation'}",${format}}`;
    const raw = '"audio_format":{"type":"raw","encoding":"pcm_f32le","sample_rate":48000}';
    const known = { inputAudioSeconds: 1 };
    for (const [formats, usage] of [
      [[raw], known],
      [[raw, raw.replace('48000', '96000')], known],
      [[raw.replace('"raw"', '"file"')], undefined],
      [[`${raw},${raw}`], undefined],
    ] as const) {
      const session = await open(dialectOf(path), ['audio-in']);
      for (const format of formats) {
        session.client.send(frameBytes(1, start(format), { masked: true }));
        await session.upstream.frame();
      }
      await pass(session, 'client', Buffer.alloc(192_000, 1));
      const { usage: counted, durationMs } = await end(session);
      expect(counted).toEqual(usage ?? { inputAudioSeconds: durationMs / 1000 });
    }
  },
);
