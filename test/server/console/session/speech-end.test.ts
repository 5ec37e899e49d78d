// Finding the last audible sound before the end of speech.

import { expect, test } from 'vitest';
import { EnergyVad } from '../../../../server/console/audio/energy-vad.ts';
import { SpeechEndEstimator } from '../../../../server/console/session/speech-end.ts';

function estimator() {
  const vad = new EnergyVad();
  const speechEnd = new SpeechEndEstimator(vad);
  return {
    /** Sends an audible chunk after a silent one. */
    send(endMs: number, at: number): void {
      vad.add(0, at - 20);
      vad.add(0.5, at);
      speechEnd.sent(endMs, at);
    },
    lastBefore: (voicedUntilMs: number) => speechEnd.voicedBefore({ kind: 'speech-stopped', voicedUntilMs }, 0),
  };
}

test('the last sound up to the position that the provider names is found, with the tolerance of a chunk', () => {
  const { send, lastBefore } = estimator();
  expect(lastBefore(1000)).toBeUndefined();
  send(400, 5400);
  send(440, 5440);
  send(900, 5900);
  expect(lastBefore(430)).toBe(5440);
  expect(lastBefore(850)).toBe(5440);
  expect(lastBefore(2000)).toBe(5900);
  expect(lastBefore(300)).toBeUndefined();
});

test('old sounds are forgotten', () => {
  const { send, lastBefore } = estimator();
  for (let i = 1; i <= 1000; i++) send(i * 40, i * 40);
  expect(lastBefore(100 * 40)).toBeUndefined();
  expect(lastBefore(1000 * 40)).toBe(1000 * 40);
});
