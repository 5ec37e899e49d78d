// Voice activity by loudness: when the caller was last audible.

import { expect, test } from 'vitest';
import { pcm16Samples } from '../../../../codecs/audio/pcm16.ts';
import { EnergyVad } from '../../../../server/console/audio/energy-vad.ts';
import { levelOf } from '../../../../server/console/audio/pcm.ts';
import { speech } from '../../../support/recording.ts';

const chunkMs = 40;

/** Plays two seconds of quiet, the recording, and two more seconds of quiet, at a given gain and noise. */
function hearRecording(gain: number, noise: number) {
  const rateHz = 16_000;
  const samples = pcm16Samples(speech('librivox-0880', rateHz));
  const vad = new EnergyVad();
  const chunk = (rateHz * chunkMs) / 1000;
  let at = 0;
  const hear = (level: number) => {
    at += chunkMs;
    vad.add(level, at);
  };
  const quiet = () => {
    for (let i = 0; i < 50; i++) hear(noise);
  };
  quiet();
  const startedAt = at;
  for (let i = 0; i < samples.length; i += chunk) {
    hear(levelOf(samples.subarray(i, i + chunk)) * gain + noise);
  }
  const endedAt = at;
  quiet();
  return { vad, startedAt, endedAt };
}

test.each([
  [1, 0.0001],
  [0.3, 0.001],
  [1, 0.003],
])('the start and the end of speech at gain %d over noise of %d are found', (gain, noise) => {
  const { vad, startedAt, endedAt } = hearRecording(gain, noise);
  expect(vad.since).toBeGreaterThanOrEqual(startedAt);
  expect(vad.since).toBeLessThan(startedAt + 600);
  expect(vad.lastAt).toBeGreaterThan(endedAt - 500);
  expect(vad.lastAt).toBeLessThanOrEqual(endedAt);
});

test('quiet alone is never voice, and nothing is audible at first', () => {
  const vad = new EnergyVad();
  expect(vad.lastAt).toBeUndefined();
  for (let at = 0; at < 5000; at += chunkMs) vad.add(0.001, at);
  expect(vad.lastAt).toBeUndefined();
});
