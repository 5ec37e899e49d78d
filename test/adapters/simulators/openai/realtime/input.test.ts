// The input audio buffer: commits by hand, and the idle timeout.

import { describe, expect, test } from 'vitest';
import { tone } from '../../../../support/dialogue.ts';
import { openRealtime, RATE, speak, turn, update, write } from '../../../../support/realtime-dialogue.ts';

describe('manual mode', () => {
  const manual = { audio: { input: { turn_detection: null } } };

  test('answers a committed turn only when a response is created', () => {
    const dialogue = openRealtime();
    update(dialogue, manual);
    speak(dialogue, turn(1400));
    dialogue.advance(5000);
    expect(dialogue.types.filter((type) => type.startsWith('input_audio_buffer'))).toEqual([]);
    dialogue.send({ type: 'input_audio_buffer.commit' });
    dialogue.advance(5000);
    expect(dialogue.all('response.created')).toEqual([]);
    dialogue.send({ type: 'response.create' });
    dialogue.advance(5000);
    expect(dialogue.one('response.output_audio_transcript.done').transcript).toContain('I heard 2 seconds');
  });

  test('refuses to commit less than 100 ms, and audio that was cleared', () => {
    const dialogue = openRealtime();
    update(dialogue, manual);
    speak(dialogue, tone(300, RATE));
    dialogue.send({ type: 'input_audio_buffer.clear' });
    dialogue.one('input_audio_buffer.cleared');
    speak(dialogue, tone(50, RATE));
    dialogue.send({ type: 'input_audio_buffer.commit', event_id: 'mine' });
    expect(dialogue.one('error').error).toMatchObject({
      code: 'input_audio_buffer_commit_empty',
      event_id: 'mine',
      message: expect.stringContaining('only has 50.00ms'),
    });
  });
});

describe('the idle timeout', () => {
  const patient = (idle_timeout_ms: number) => ({
    audio: { input: { turn_detection: { type: 'server_vad', idle_timeout_ms } } },
  });

  test('speaks again when the caller stays silent after the reply was played', () => {
    const dialogue = openRealtime();
    update(dialogue, patient(5000));
    write(dialogue, 'hello');
    dialogue.send({ type: 'response.create' });
    dialogue.advance(300 + 1100 + 4990);
    expect(dialogue.all('input_audio_buffer.timeout_triggered')).toEqual([]);
    dialogue.advance(20);
    const triggered = dialogue.one('input_audio_buffer.timeout_triggered');
    expect(dialogue.one('input_audio_buffer.committed').item_id).toBe(triggered.item_id);
    expect(dialogue.all('response.created').length).toBe(2);
  });

  test('does not run out after the caller has spoken', () => {
    const dialogue = openRealtime();
    update(dialogue, patient(5000));
    write(dialogue, 'hello');
    dialogue.send({ type: 'response.create' });
    dialogue.advance(2000);
    speak(dialogue, tone(400, RATE));
    dialogue.advance(20_000);
    expect(dialogue.all('input_audio_buffer.timeout_triggered')).toEqual([]);
  });
});
