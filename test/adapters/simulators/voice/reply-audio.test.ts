// The order and the lengths of the pieces of a reply's audio.

import { expect, test } from 'vitest';
import { replyAudio } from '../../../../adapters/simulators/voice/reply-audio.ts';
import { concatSamples } from '../../../../codecs/audio/pcm16.ts';
import { tone } from '../../../support/dialogue.ts';

const clip = (samples: Int16Array, sampleRateHz: number) => ({ samples, sampleRateHz });

test('the sentence comes first, then a pause, the playback, and a little silence', () => {
  const sentence = tone(500, 24_000);
  const playback = tone(300, 24_000, 200);
  const audio = replyAudio(clip(sentence, 24_000), clip(playback, 24_000), 100);
  const all = concatSamples([...audio]);
  expect(all.length).toBe(24 * (500 + 200 + 300 + 100));
  expect(all.subarray(0, 12_000)).toEqual(sentence);
  expect(all.subarray(12_000 + 4800, 12_000 + 4800 + 7200)).toEqual(playback);
});

test('a playback at another rate keeps its length', () => {
  const audio = replyAudio(clip(tone(100, 24_000), 24_000), clip(tone(1000, 8000), 8000), 100);
  expect(concatSamples([...audio]).length).toBe(24 * (100 + 200 + 1000 + 100));
});

test('no piece is longer than asked for, and none is empty', () => {
  const audio = replyAudio(clip(tone(130, 24_000), 24_000), undefined, 100);
  const lengths = [...audio].map((piece) => piece.length);
  expect(lengths).toEqual([2400, 720, 2400]);
});

test('a sentence without audio leaves the rest of the reply', () => {
  const audio = replyAudio(clip(new Int16Array(0), 8000), undefined, 100);
  expect(concatSamples([...audio]).length).toBe(800);
});
