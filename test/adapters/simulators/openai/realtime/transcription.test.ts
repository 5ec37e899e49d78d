// The transcripts of the caller's turns.

import { describe, expect, test } from 'vitest';
import { at } from '../../../../support/dialogue.ts';
import { openRealtime, speak, turn, update } from '../../../../support/realtime-dialogue.ts';

describe('transcription', () => {
  const transcription = (model: string) => ({ audio: { input: { transcription: { model } } } });

  test('comes in pieces, with a usage of its own', () => {
    const dialogue = openRealtime();
    update(dialogue, transcription('gpt-4o-transcribe'));
    speak(dialogue, turn(2000));
    dialogue.advance(5000);
    const event = 'conversation.item.input_audio_transcription';
    const pieces = dialogue.all(`${event}.delta`).map(({ delta }) => delta);
    expect(pieces.length).toBeGreaterThan(1);
    const completed = dialogue.one(`${event}.completed`);
    expect(pieces.join('')).toBe('(2 seconds of speech)');
    expect(completed.transcript).toBe('(2 seconds of speech)');
    const usage = completed.usage as Record<string, number>;
    expect(usage.type).toBe('tokens');
    expect(usage.total_tokens).toBe((usage.input_tokens ?? 0) + (usage.output_tokens ?? 0));
  });

  test('is billed in seconds for whisper-1', () => {
    const dialogue = openRealtime();
    update(dialogue, transcription('whisper-1'));
    speak(dialogue, turn(2000));
    dialogue.advance(5000);
    const completed = dialogue.one('conversation.item.input_audio_transcription.completed');
    expect(completed.usage).toEqual({ type: 'duration', seconds: 3 });
  });

  test('is the only work of a transcription session', () => {
    const dialogue = openRealtime({}, 'intent=transcription');
    expect(dialogue.one('session.created').session).toMatchObject({
      object: 'realtime.transcription_session',
      type: 'transcription',
    });
    speak(dialogue, turn(1000));
    dialogue.advance(5000);
    dialogue.one('conversation.item.input_audio_transcription.completed');
    expect(dialogue.all('response.created')).toEqual([]);
    dialogue.send({ type: 'response.create' });
    expect(at(dialogue.one('error'), 'error.type')).toBe('invalid_request_error');
  });
});
