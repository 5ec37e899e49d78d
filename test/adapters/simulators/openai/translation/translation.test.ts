// A session of Realtime Translation on a virtual clock: what is said is said again, and a close waits for it.

import { expect, test } from 'vitest';
import { concatSamples, pcm16Bytes } from '../../../../../codecs/audio/pcm16.ts';
import { encodeBase64 } from '../../../../../codecs/text/base64.ts';
import { at, Dialogue, silence, tone } from '../../../../support/dialogue.ts';

const RATE = 24_000;
const times = {
  firstAudioMs: 300,
  firstTextMs: 200,
  tokenMs: 10,
  audioSpeed: 10,
  audioChunkMs: 100,
  transcriptionMs: 150,
};

const open = (options: object = {}) =>
  new Dialogue('/v1/realtime/translations?model=gpt-realtime-translate', { options: { times, ...options } });

function speak(dialogue: Dialogue, samples: Int16Array): void {
  for (let start = 0; start < samples.length; start += RATE / 5) {
    const audio = encodeBase64(pcm16Bytes(samples.subarray(start, start + RATE / 5)));
    dialogue.send({ type: 'session.input_audio_buffer.append', audio });
    dialogue.advance(200);
  }
}

const text = (dialogue: Dialogue, type: string) =>
  dialogue
    .all(type)
    .map(({ delta }) => delta)
    .join('');

test('what is said is said again, sentence by sentence, with its sound and the time in what was heard', () => {
  const dialogue = open();
  expect(dialogue.one('session.created').session).toMatchObject({
    id: expect.stringMatching(/^sess_/),
    type: 'translation',
    model: 'gpt-realtime-translate',
    expires_at: 1_700_003_600,
  });
  const audio = { input: { transcription: { model: 'gpt-realtime-whisper' } }, output: { language: 'de' } };
  dialogue.send({ type: 'session.update', session: { audio } });
  expect(at(dialogue.one('session.updated'), 'session.audio')).toEqual(audio);
  speak(dialogue, concatSamples([tone(2000, RATE), silence(800, RATE), tone(1000, RATE), silence(800, RATE)]));
  dialogue.advance(5000);
  expect(text(dialogue, 'session.input_transcript.delta')).toBe('(2 seconds of speech)(1 second of speech)');
  const sentence = (heard: string) => `This is the rehearsal provider. I heard ${heard} of speech.`;
  expect(text(dialogue, 'session.output_transcript.delta')).toBe(sentence('2 seconds') + sentence('1 second'));
  const [sound] = dialogue.all('session.output_audio.delta');
  expect(sound).toMatchObject({ format: 'pcm16', sample_rate: RATE, channels: 1 });
  expect(Number(sound?.elapsed_ms) % 200).toBe(0);
});

test('what the user said is told only where that is asked for', () => {
  const dialogue = open();
  speak(dialogue, concatSamples([tone(1000, RATE), silence(800, RATE)]));
  dialogue.advance(3000);
  expect(dialogue.all('session.input_transcript.delta')).toEqual([]);
  expect(dialogue.all('session.output_transcript.delta').length).toBeGreaterThan(0);
});

test('a close waits for what is still to be said, the sentence included that has not ended, and hears nothing more', () => {
  const dialogue = open();
  speak(dialogue, tone(1000, RATE));
  dialogue.send({ type: 'session.close' });
  dialogue.send({ type: 'session.input_audio_buffer.append', audio: 'AAAA' });
  expect(at(dialogue.one('error'), 'error.code')).toBe('session_closing');
  expect(dialogue.closed).toBeUndefined();
  dialogue.advance(3000);
  expect(dialogue.all('session.output_audio.delta').length).toBeGreaterThan(0);
  expect(dialogue.messages.at(-1)?.event.type).toBe('session.closed');
  expect(dialogue.closed).toEqual({ code: 1000, reason: '' });
});

test('a close of a session in which nothing is being said is at once', () => {
  const dialogue = open();
  dialogue.send({ type: 'session.close' });
  expect(dialogue.types).toEqual(['session.created', 'session.closed']);
  expect(dialogue.closed?.code).toBe(1000);
});

test.each([
  [{ type: 'session.update' }, 'missing_required_parameter', 'session'],
  [{ type: 'session.update', session: { voice: 'a' } }, 'unknown_parameter', 'session.voice'],
  [{ type: 'response.create' }, 'invalid_value', 'type'],
])('%j is refused', (event, code, param) => {
  const dialogue = open();
  dialogue.send({ ...event, event_id: 'mine' });
  expect(dialogue.one('error').error).toMatchObject({ code, param, event_id: 'mine' });
});

test('a session ends with an error when its time is over', () => {
  const dialogue = open({ sessionCapMs: 60_000 });
  dialogue.advance(60_000);
  expect(at(dialogue.one('error'), 'error.code')).toBe('session_expired');
  expect(dialogue.closed?.code).toBe(1001);
});
