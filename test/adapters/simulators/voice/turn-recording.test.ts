// The bounded store of a turn's audio.

import { expect, test } from 'vitest';
import { TurnRecording } from '../../../../adapters/simulators/voice/turn-recording.ts';
import { tone } from '../../../support/dialogue.ts';

test('a recording stores no more than its limit, and counts everything', () => {
  const recording = new TurnRecording(8000, 100);
  for (let i = 0; i < 10; i++) recording.push(tone(20, 8000));
  expect(recording.durationMs).toBe(200);
  expect(recording.samples().length).toBe(800);
  recording.clear();
  expect(recording.durationMs).toBe(0);
});

test('trim drops the audio before the padding', () => {
  const recording = new TurnRecording(8000, 10_000);
  for (let i = 0; i < 50; i++) {
    recording.push(tone(20, 8000));
    recording.trim(300);
  }
  expect(recording.durationMs).toBeGreaterThanOrEqual(300);
  expect(recording.durationMs).toBeLessThan(340);
});
