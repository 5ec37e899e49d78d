// The detector on real speech and on silence.

import { expect, test } from 'vitest';
import { concatSamples, pcm16Samples } from '../../../codecs/audio/pcm16.ts';
import { loadVoiceDetectors, VAD_FRAME_SAMPLES } from '../../../codecs/audio/vad.ts';
import { type Recording, speech } from '../../support/recording.ts';

const recordings: readonly Recording[] = ['librivox-0880', 'librivox-0920', 'librivox-0930'];

function withSilence(name: Recording, silenceMs: number): Int16Array {
  return concatSamples([pcm16Samples(speech(name, 16_000)), new Int16Array(silenceMs * 16)]);
}

async function decisions(samples: Int16Array): Promise<boolean[]> {
  const detector = (await loadVoiceDetectors())(2);
  const found: boolean[] = [];
  for (let start = 0; start + VAD_FRAME_SAMPLES <= samples.length; start += VAD_FRAME_SAMPLES) {
    found.push(detector.isVoice(samples.subarray(start, start + VAD_FRAME_SAMPLES)));
  }
  detector.free();
  return found;
}

test.each(recordings)('most of %s is speech, and the silence after it is not', async (name) => {
  const silenceMs = 700;
  const found = await decisions(withSilence(name, silenceMs));
  const spoken = found.slice(0, -silenceMs / 20);
  expect(spoken.filter(Boolean).length / spoken.length).toBeGreaterThan(0.7);
  expect(found.slice(-20)).toEqual(Array.from({ length: 20 }, () => false));
});

test('digital silence is never speech', async () => {
  expect((await decisions(new Int16Array(16_000))).some(Boolean)).toBe(false);
});

test('a frame of another length is refused', async () => {
  const detector = (await loadVoiceDetectors())(0);
  expect(() => detector.isVoice(new Int16Array(480))).toThrow(RangeError);
  detector.free();
});

test('a detector can be freed twice, and cannot be used afterwards', async () => {
  const detector = (await loadVoiceDetectors())(0);
  detector.free();
  detector.free();
  expect(() => detector.isVoice(new Int16Array(VAD_FRAME_SAMPLES))).toThrow('freed');
});

test('detectors do not share their state', async () => {
  const create = await loadVoiceDetectors();
  const [one, other] = [create(2), create(2)];
  const signal = withSilence('librivox-0880', 700);
  const alone = await decisions(signal);
  const found: boolean[] = [];
  for (let start = 0; start + VAD_FRAME_SAMPLES <= signal.length; start += VAD_FRAME_SAMPLES) {
    found.push(one.isVoice(signal.subarray(start, start + VAD_FRAME_SAMPLES)));
    other.isVoice(new Int16Array(VAD_FRAME_SAMPLES));
  }
  expect(found).toEqual(alone);
  one.free();
  other.free();
});
