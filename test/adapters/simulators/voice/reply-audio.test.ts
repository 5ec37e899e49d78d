// The order and the lengths of the pieces of a reply's audio.

import { expect, test } from 'vitest';
import { ReplyAudio } from '../../../../adapters/simulators/voice/reply-audio.ts';
import { concatSamples } from '../../../../codecs/pcm16.ts';
import { tone } from '../../../support/dialogue.ts';

function pieces(audio: ReplyAudio, ms: number): Int16Array[] {
  const all: Int16Array[] = [];
  for (let piece = audio.next(ms); piece; piece = audio.next(ms)) all.push(piece);
  return all;
}

test('the sentence comes first, then a pause, the playback, and a little silence', () => {
  const sentence = tone(500, 24_000);
  const playback = tone(300, 24_000, 200);
  const audio = new ReplyAudio(
    24_000,
    { samples: sentence, sampleRateHz: 24_000 },
    { samples: playback, sampleRateHz: 24_000 },
  );
  const all = concatSamples(pieces(audio, 100));
  expect(all.length).toBe(24 * (500 + 200 + 300 + 100));
  expect(all.subarray(0, 12_000)).toEqual(sentence);
  expect(all.subarray(12_000 + 4800, 12_000 + 4800 + 7200)).toEqual(playback);
});

test('a playback at another rate keeps its length', () => {
  const audio = new ReplyAudio(
    24_000,
    { samples: tone(100, 24_000), sampleRateHz: 24_000 },
    { samples: tone(1000, 8000), sampleRateHz: 8000 },
  );
  expect(concatSamples(pieces(audio, 100)).length).toBe(24 * (100 + 200 + 1000 + 100));
});

test('no piece is longer than asked for, and none is empty', () => {
  const audio = new ReplyAudio(24_000, { samples: tone(130, 24_000), sampleRateHz: 24_000 }, undefined);
  const lengths = pieces(audio, 100).map((piece) => piece.length);
  expect(lengths).toEqual([2400, 720, 2400]);
});

test('a sentence without audio leaves the rest of the reply', () => {
  const audio = new ReplyAudio(8000, { samples: new Int16Array(0), sampleRateHz: 8000 }, undefined);
  expect(concatSamples(pieces(audio, 100)).length).toBe(800);
});
