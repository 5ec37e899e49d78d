// The turns of OpenAI Realtime, event by event, on a virtual clock.

import { describe, expect, test } from 'vitest';
import { encodeAlaw, encodeMulaw } from '../../../../../codecs/audio/g711.ts';
import { concatSamples, pcm16Bytes } from '../../../../../codecs/audio/pcm16.ts';
import { at, Dialogue, silence, tone } from '../../../../support/dialogue.ts';
import { openRealtime, RATE, speak, times, turn, update, write } from '../../../../support/realtime-dialogue.ts';

test('session.created holds an id, a model and the end of the session', () => {
  const dialogue = openRealtime({ sessionCapMs: 600_000 });
  const { session } = dialogue.one('session.created');
  expect(session).toMatchObject({
    object: 'realtime.session',
    type: 'realtime',
    model: 'gpt-realtime-2.1',
    expires_at: 1_700_000_600,
    output_modalities: ['audio'],
    audio: { input: { turn_detection: { type: 'server_vad', create_response: true, interrupt_response: true } } },
  });
  expect(at(session, 'id')).toMatch(/^sess_\w{21}$/);
});

describe('a turn found by voice detection', () => {
  test('sends its events in the order of the provider', () => {
    const dialogue = openRealtime();
    dialogue.clear();
    speak(dialogue, turn(1000));
    dialogue.advance(5000);
    expect(dialogue.types.filter((type) => !type.includes('_audio'))).toEqual([
      'conversation.item.added',
      'conversation.item.done',
      'response.created',
      'response.output_item.added',
      'conversation.item.added',
      'response.content_part.added',
      'response.content_part.done',
      'response.output_item.done',
      'conversation.item.done',
      'response.done',
      'rate_limits.updated',
    ]);
    const first = dialogue.types.slice(0, 4);
    expect(first).toEqual([
      'input_audio_buffer.speech_started',
      'input_audio_buffer.speech_stopped',
      'input_audio_buffer.committed',
      'conversation.item.added',
    ]);
    expect(dialogue.types.slice(-7, -4)).toEqual([
      'response.output_audio.done',
      'response.output_audio_transcript.done',
      'response.content_part.done',
    ]);
  });

  test('names the same item from the start of speech to the conversation', () => {
    const dialogue = openRealtime();
    speak(dialogue, concatSamples([silence(1000, RATE), turn(1000)]));
    const started = dialogue.one('input_audio_buffer.speech_started');
    const stopped = dialogue.one('input_audio_buffer.speech_stopped');
    expect(started.audio_start_ms).toBe(700);
    // The filter of the sample rate delays the end by less than a frame.
    expect(stopped.audio_end_ms).toBe(2520);
    const ids = [
      stopped.item_id,
      dialogue.one('input_audio_buffer.committed').item_id,
      at(dialogue.all('conversation.item.added')[0], 'item.id'),
    ];
    expect(ids).toEqual([started.item_id, started.item_id, started.item_id]);
    expect(started.item_id).toMatch(/^item_\w{21}$/);
  });

  test('makes an item of its own for each turn', () => {
    const dialogue = openRealtime();
    speak(dialogue, concatSamples([turn(600), turn(600)]));
    const ids = dialogue.all('input_audio_buffer.committed').map(({ item_id }) => item_id);
    expect(new Set(ids).size).toBe(2);
    expect(dialogue.all('input_audio_buffer.speech_started').map(({ item_id }) => item_id)).toEqual(ids);
  });

  test("is answered with an introduction and the length of the caller's speech", () => {
    const dialogue = openRealtime();
    speak(dialogue, turn(2000));
    dialogue.advance(5000);
    const text = 'This is the rehearsal provider. I heard 2 seconds of speech.';
    expect(dialogue.spoken).toEqual([text]);
    expect(dialogue.one('response.output_audio_transcript.done').transcript).toBe(text);
    const said = dialogue.all('response.output_audio_transcript.delta').map(({ delta }) => delta);
    expect(said.join('')).toBe(text);
    const audio = Buffer.concat(
      dialogue.all('response.output_audio.delta').map(({ delta }) => Buffer.from(String(delta), 'base64')),
    );
    // A second of sentence, a pause, two seconds of playback with silence, the tail.
    expect(audio.length / 48).toBeGreaterThan(1000 + 200 + 2000);
    expect(audio.length / 48).toBeLessThan(1000 + 200 + 2000 + 400);
    const own = pcm16Bytes(tone(1900, RATE));
    expect(audio.includes(own.subarray(0, 4800))).toBe(true);
  });

  test('is answered after firstAudioMs, and faster than the audio plays', () => {
    const dialogue = openRealtime();
    speak(dialogue, turn(1000));
    dialogue.advance(5000);
    const stopped = dialogue.messages.find(({ event }) => event.type === 'input_audio_buffer.speech_stopped');
    const audio = dialogue.messages.filter(({ event }) => event.type === 'response.output_audio.delta');
    expect((audio[0]?.at ?? 0) - (stopped?.at ?? 0)).toBe(300);
    expect((audio[1]?.at ?? 0) - (audio[0]?.at ?? 0)).toBe(10);
    expect(String(audio[0]?.event.delta).length).toBe(6400);
  });

  test('waits for a slow synthesiser and streams the transcript meanwhile', () => {
    const dialogue = new Dialogue('/v1/realtime?model=m', { options: { times }, synthesisMs: 900 });
    speak(dialogue, turn(1000));
    dialogue.advance(5000);
    const created = dialogue.messages.find(({ event }) => event.type === 'response.created');
    const audio = dialogue.messages.find(({ event }) => event.type === 'response.output_audio.delta');
    const transcript = dialogue.messages.find(({ event }) => event.type === 'response.output_audio_transcript.delta');
    expect((audio?.at ?? 0) - (created?.at ?? 0)).toBe(900);
    expect((transcript?.at ?? 0) - (created?.at ?? 0)).toBe(300);
    expect(at(dialogue.one('response.done'), 'response.status')).toBe('completed');
  });

  test('is only committed when create_response is off', () => {
    const dialogue = openRealtime();
    update(dialogue, { audio: { input: { turn_detection: { type: 'server_vad', create_response: false } } } });
    speak(dialogue, turn(1000));
    dialogue.advance(5000);
    expect(dialogue.all('input_audio_buffer.committed').length).toBe(1);
    expect(dialogue.all('response.created')).toEqual([]);
  });

  test('ends sooner with a shorter silence', () => {
    const dialogue = openRealtime();
    const short = { type: 'server_vad', silence_duration_ms: 200 };
    update(dialogue, { audio: { input: { turn_detection: short } } });
    speak(dialogue, concatSamples([tone(600, RATE), silence(300, RATE), tone(600, RATE), silence(300, RATE)]));
    expect(dialogue.all('input_audio_buffer.committed').length).toBe(2);
  });

  test('is found by semantic detection after a longer silence', () => {
    const dialogue = openRealtime();
    const eager = (eagerness: string) => ({
      audio: { input: { turn_detection: { type: 'semantic_vad', eagerness } } },
    });
    update(dialogue, eager('low'));
    speak(dialogue, concatSamples([tone(600, RATE), silence(1000, RATE)]));
    expect(dialogue.all('input_audio_buffer.speech_stopped')).toEqual([]);
    speak(dialogue, silence(300, RATE));
    expect(dialogue.all('input_audio_buffer.speech_stopped').length).toBe(1);
  });

  test.each([
    ['audio/pcmu', encodeMulaw],
    ['audio/pcma', encodeAlaw],
  ])('is read and answered in %s', (type, encode) => {
    const dialogue = openRealtime();
    update(dialogue, { audio: { input: { format: { type } }, output: { format: { type } } } });
    speak(dialogue, concatSamples([tone(1000, 8000), silence(700, 8000)]), encode);
    dialogue.advance(5000);
    const audio = dialogue.all('response.output_audio.delta').map(({ delta }) => Buffer.from(String(delta), 'base64'));
    expect(audio[0]?.length).toBe(800);
    expect(Buffer.concat(audio).includes(encode(tone(900, 8000)).subarray(0, 1600))).toBe(true);
    expect(at(dialogue.one('response.done'), 'response.audio.output.format')).toEqual({ type });
  });
});

describe('text', () => {
  test('is streamed in pieces after firstTextMs', () => {
    const dialogue = openRealtime();
    update(dialogue, { output_modalities: ['text'] });
    write(dialogue, 'good morning');
    const asked = dialogue.now;
    dialogue.send({ type: 'response.create' });
    dialogue.advance(2000);
    const deltas = dialogue.messages.filter(({ event }) => event.type === 'response.output_text.delta');
    expect(deltas[0]?.at).toBe(asked + 200);
    expect(deltas[1]?.at).toBe(asked + 210);
    const text = 'This is the rehearsal provider. You wrote: good morning';
    expect(deltas.map(({ event }) => event.delta).join('')).toBe(text);
    expect(dialogue.one('response.output_text.done').text).toBe(text);
    expect(dialogue.one('response.done').response).toMatchObject({
      output_modalities: ['text'],
      output: [{ role: 'assistant', status: 'completed', content: [{ type: 'output_text', text }] }],
    });
    expect(dialogue.spoken).toEqual([]);
  });

  test('is answered in speech unless something else is asked for', () => {
    const dialogue = openRealtime();
    write(dialogue, 'good morning');
    dialogue.send({ type: 'response.create' });
    dialogue.advance(2000);
    expect(dialogue.spoken).toEqual(['This is the rehearsal provider. You wrote: good morning']);
  });
});

describe('the cap of a session', () => {
  test('ends with an error and a close of the same sentence', () => {
    const dialogue = openRealtime({ sessionCapMs: 120_000 });
    dialogue.advance(119_999);
    expect(dialogue.closed).toBeUndefined();
    dialogue.advance(1);
    const message = 'Your session hit the maximum duration of 2 minutes.';
    expect(dialogue.one('error').error).toMatchObject({
      type: 'invalid_request_error',
      code: 'session_expired',
      message,
    });
    expect(dialogue.closed).toEqual({ code: 1001, reason: message });
    expect(dialogue.simulator.wakeAtMs).toBeUndefined();
  });
});

test('every event has an id of its own', () => {
  const dialogue = openRealtime();
  speak(dialogue, turn(1000));
  dialogue.advance(5000);
  const ids = dialogue.messages.map(({ event }) => event.event_id);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('a barge-in', () => {
  function interrupted(settings: object = {}, audioSpeed = times.audioSpeed): Dialogue {
    const dialogue = openRealtime({ times: { ...times, audioSpeed } });
    update(dialogue, { audio: { input: { turn_detection: { type: 'server_vad', ...settings } } } });
    speak(dialogue, turn(3000));
    dialogue.advance(300);
    dialogue.clear();
    speak(dialogue, tone(300, RATE));
    return dialogue;
  }

  test('cancels the reply in progress right after speech_started', () => {
    const dialogue = interrupted();
    const types = dialogue.types.filter((type) => !type.endsWith('.delta'));
    expect(types).toEqual([
      'input_audio_buffer.speech_started',
      'response.output_audio.done',
      'response.output_audio_transcript.done',
      'response.content_part.done',
      'response.output_item.done',
      'conversation.item.done',
      'response.done',
      'rate_limits.updated',
    ]);
    expect(dialogue.one('response.done').response).toMatchObject({
      status: 'cancelled',
      status_details: { type: 'cancelled', reason: 'turn_detected' },
      output: [{ status: 'incomplete' }],
    });
  });

  test('leaves nothing of the cancelled reply to come, and the next turn is answered', () => {
    const dialogue = interrupted();
    dialogue.clear();
    speak(dialogue, turn(1000));
    expect(dialogue.all('response.output_audio.delta')).toEqual([]);
    dialogue.advance(5000);
    expect(at(dialogue.one('response.done'), 'response.status')).toBe('completed');
  });

  test('bills the part that was produced', () => {
    const done = interrupted().one('response.done');
    expect(at(done, 'response.usage.output_token_details.audio_tokens')).toBeGreaterThan(0);
  });

  test('does not cancel when interrupt_response is off, and the answer waits for the end of the reply', () => {
    const dialogue = interrupted({ interrupt_response: false }, 1);
    speak(dialogue, turn(500));
    expect(dialogue.all('input_audio_buffer.committed').length).toBe(1);
    expect(dialogue.all('response.done')).toEqual([]);
    dialogue.advance(20_000);
    const order = dialogue.types.filter((type) => type === 'response.created' || type === 'response.done');
    expect(order).toEqual(['response.done', 'response.created', 'response.done']);
    expect(dialogue.all('response.done').map((done) => at(done, 'response.status'))).toEqual([
      'completed',
      'completed',
    ]);
  });

  test('cancels a response without items before the first audio', () => {
    const dialogue = openRealtime();
    speak(dialogue, turn(1000));
    dialogue.clear();
    dialogue.send({ type: 'response.cancel' });
    expect(dialogue.types).toEqual(['response.done', 'rate_limits.updated']);
    expect(dialogue.one('response.done').response).toMatchObject({
      status: 'cancelled',
      status_details: { reason: 'client_cancelled' },
      output: [],
      usage: { output_tokens: 0 },
    });
  });
});
