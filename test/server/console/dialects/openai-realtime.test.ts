// The client of OpenAI Realtime: what it asks for and what it reads.

import { describe, expect, test } from 'vitest';
import type { SessionSettings } from '../../../../server/console/dialects/dialect.ts';
import { openaiRealtime } from '../../../../server/console/dialects/openai-realtime.ts';

const settings: SessionSettings = {
  model: 'gpt-realtime-2.1',
  instructions: 'Be brief.',
  voice: 'cedar',
  modality: 'voice',
  turnTaking: 'detect',
  tools: false,
};

describe('the settings', () => {
  test('a voice session asks for 24 kHz PCM both ways, a transcript and voice detection', () => {
    const [update] = openaiRealtime.createClient(settings).open();
    expect(update).toMatchObject({
      type: 'session.update',
      session: {
        type: 'realtime',
        instructions: 'Be brief.',
        output_modalities: ['audio'],
        audio: {
          input: { format: { type: 'audio/pcm', rate: 24000 }, turn_detection: { type: 'server_vad' } },
          output: { format: { type: 'audio/pcm', rate: 24000 }, voice: 'cedar' },
        },
      },
    });
  });

  test('manual turns switch detection off, text leaves audio out, the example function is offered when asked', () => {
    const [manual] = openaiRealtime.createClient({ ...settings, turnTaking: 'manual' }).open();
    expect(manual).toMatchObject({ session: { audio: { input: { turn_detection: null } } } });
    const [text] = openaiRealtime.createClient({ ...settings, modality: 'text', tools: true }).open();
    expect(text).toMatchObject({ session: { output_modalities: ['text'], tools: [{ name: 'get_local_time' }] } });
    expect(text?.session).not.toHaveProperty('audio');
  });

  test('the key travels in a subprotocol, and only when there is one', () => {
    expect(openaiRealtime.address(settings, '')).toEqual({
      query: { model: 'gpt-realtime-2.1' },
      protocols: ['realtime'],
    });
    expect(openaiRealtime.address(settings, 'k1').protocols).toEqual(['realtime', 'openai-insecure-api-key.k1']);
  });

  test('the session is ready when the settings are accepted, and also when they are refused, which is shown', () => {
    const accepted = openaiRealtime.createClient(settings);
    expect(accepted.read({ type: 'session.created', session: { model: 'm' } }).events).toEqual([
      { kind: 'hello', model: 'm' },
    ]);
    expect(accepted.read({ type: 'session.updated', session: {} }).events).toEqual([{ kind: 'ready' }]);
    expect(accepted.read({ type: 'session.updated', session: {} }).events).toEqual([]);

    const refused = openaiRealtime.createClient(settings);
    const event_id = refused.open()[0]?.event_id;
    const { events } = refused.read({ type: 'error', error: { code: 'invalid_value', message: 'no', event_id } });
    expect(events.map(({ kind }) => kind)).toEqual(['error', 'ready']);
  });
});

describe('turns', () => {
  test('a reply is requested only when the previous one has ended', () => {
    const client = openaiRealtime.createClient({ ...settings, turnTaking: 'manual' });
    expect(client.speechEnd()).toEqual([{ type: 'input_audio_buffer.commit' }, { type: 'response.create' }]);
    client.read({ type: 'response.created', response: { id: 'r1' } });
    expect(client.cancel()).toEqual([{ type: 'response.cancel' }]);
    expect(client.speechEnd()).toEqual([{ type: 'input_audio_buffer.commit' }]);
    const done = client.read({ type: 'response.done', response: { status: 'cancelled' } });
    expect(done.send).toEqual([{ type: 'response.create' }]);
    expect(done.events).toMatchObject([{ kind: 'reply-done', status: 'cancelled' }]);
    expect(client.cancel()).toEqual([]);
  });

  test('a written message becomes an item and a request for a reply', () => {
    const [item, create] = openaiRealtime.createClient(settings).say('hello');
    expect(item).toMatchObject({ item: { role: 'user', content: [{ type: 'input_text', text: 'hello' }] } });
    expect(create).toEqual({ type: 'response.create' });
  });

  test('a function call is answered with its id, and the reply after it is requested once', () => {
    const client = openaiRealtime.createClient(settings);
    client.read({ type: 'response.created', response: { id: 'r1' } });
    const item = { type: 'function_call', call_id: 'c1', name: 'get_local_time', arguments: '{}' };
    const { events } = client.read({ type: 'response.output_item.done', item });
    const call = { callId: 'c1', name: 'get_local_time', arguments: '{}' };
    expect(events).toEqual([{ kind: 'tool-call', call }]);
    expect(client.answer(call, { now: 'noon' })).toEqual([
      {
        type: 'conversation.item.create',
        item: { type: 'function_call_output', call_id: 'c1', output: '{"now":"noon"}' },
      },
    ]);
    const done = client.read({ type: 'response.done', response: { status: 'completed' } });
    expect(done.events).toMatchObject([{ kind: 'reply-done', toolsPending: true }]);
    expect(done.send).toEqual([{ type: 'response.create' }]);
  });

  test('a truncation says how many milliseconds were played', () => {
    const cut = { itemId: 'i1', contentIndex: 0, playedMs: 740, receivedMs: 3000 };
    expect(openaiRealtime.createClient(settings).truncate(cut)).toEqual([
      { type: 'conversation.item.truncate', item_id: 'i1', content_index: 0, audio_end_ms: 740 },
    ]);
  });
});

test.each([
  [
    { type: 'input_audio_buffer.speech_started', item_id: 'u1' },
    { kind: 'speech-started', itemId: 'u1' },
  ],
  [{ type: 'input_audio_buffer.speech_stopped', item_id: 'u1' }, { kind: 'speech-stopped' }],
  [
    { type: 'input_audio_buffer.committed', item_id: 'u1' },
    { kind: 'committed', itemId: 'u1' },
  ],
  [
    { type: 'conversation.item.input_audio_transcription.delta', item_id: 'u1', delta: 'he' },
    { kind: 'caption', side: 'you', itemId: 'u1', delta: 'he', final: false },
  ],
  [
    { type: 'conversation.item.input_audio_transcription.completed', item_id: 'u1', transcript: 'he was' },
    { kind: 'caption', side: 'you', itemId: 'u1', text: 'he was', final: true },
  ],
  [
    { type: 'response.output_audio.delta', item_id: 'a1', content_index: 1, delta: 'AAAA' },
    { kind: 'audio', itemId: 'a1', contentIndex: 1, base64: 'AAAA', rateHz: 24000 },
  ],
  [
    { type: 'response.output_audio.done', item_id: 'a1' },
    { kind: 'audio-end', itemId: 'a1' },
  ],
  [
    { type: 'response.output_audio_transcript.delta', item_id: 'a1', delta: 'Hi' },
    { kind: 'caption', side: 'provider', itemId: 'a1', delta: 'Hi', final: false },
  ],
  [
    { type: 'response.output_text.done', item_id: 'a1', text: 'Hi.' },
    { kind: 'caption', side: 'provider', itemId: 'a1', text: 'Hi.', final: true },
  ],
])('%o is read as %o', (message, event) => {
  expect(openaiRealtime.createClient(settings).read(message).events).toEqual([event]);
});

test('an unknown message, or one of another shape, gives no event and no fault', () => {
  const client = openaiRealtime.createClient(settings);
  for (const message of [{}, { type: 'rate_limits.updated' }, { type: 5 }, { type: 'response.output_item.done' }]) {
    expect(client.read(message)).toEqual({ events: [], send: [] });
  }
});
