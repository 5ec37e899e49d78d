// When the caller was last audible.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EnergyVad } from '../../../../server/console/audio/energy-vad.ts';
import { levelOf } from '../../../../server/console/audio/pcm.ts';
import { readWav } from '../../../../server/console/audio/wav.ts';

const chunkMs = 40;

/** Hears the recording after two seconds of quiet, then two more, at a given loudness and noise. */
function hearRecording(gain: number, noise: number) {
  const file = readFileSync(new URL('../../../fixtures/speech/librivox-0880.wav', import.meta.url));
  const { samples, rateHz } = readWav(new Uint8Array(file).buffer);
  const watch = new EnergyVad();
  const chunk = (rateHz * chunkMs) / 1000;
  let at = 0;
  const hear = (level: number) => {
    at += chunkMs;
    watch.add(level, at);
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
  return { watch, startedAt, endedAt };
}

test.each([
  [1, 0.0001],
  [0.3, 0.001],
  [1, 0.003],
])('speech at gain %d over noise of %d starts and ends where it does', (gain, noise) => {
  const { watch, startedAt, endedAt } = hearRecording(gain, noise);
  expect(watch.since).toBeGreaterThanOrEqual(startedAt);
  expect(watch.since).toBeLessThan(startedAt + 600);
  expect(watch.lastAt).toBeGreaterThan(endedAt - 500);
  expect(watch.lastAt).toBeLessThanOrEqual(endedAt);
});

test('quiet alone is never voice, and nothing was heard at first', () => {
  const watch = new EnergyVad();
  expect(watch.lastAt).toBeUndefined();
  for (let at = 0; at < 5000; at += chunkMs) watch.add(0.001, at);
  expect(watch.lastAt).toBeUndefined();
});
