// The audio of a reply, piece by piece.

import { expect, test } from 'vitest';
import { ReplyAudio } from '../../../../adapters/simulators/voice/reply-audio.ts';
import { concatSamples } from '../../../../codecs/pcm16.ts';
import { tone } from '../../../support/dialogue.ts';

function pieces(voice: ReplyAudio, ms: number): Int16Array[] {
  const all: Int16Array[] = [];
  for (let piece = voice.next(ms); piece; piece = voice.next(ms)) all.push(piece);
  return all;
}

test('the sentence comes first, then a breath, then the playback, then a little silence', () => {
  const sentence = tone(500, 24_000);
  const playback = tone(300, 24_000, 200);
  const voice = new ReplyAudio(
    24_000,
    { samples: sentence, sampleRateHz: 24_000 },
    { samples: playback, sampleRateHz: 24_000 },
  );
  const all = concatSamples(pieces(voice, 100));
  expect(all.length).toBe(24 * (500 + 200 + 300 + 100));
  expect(all.subarray(0, 12_000)).toEqual(sentence);
  expect(all.subarray(12_000 + 4800, 12_000 + 4800 + 7200)).toEqual(playback);
});

test('a playback at another rate is as long as it was', () => {
  const voice = new ReplyAudio(
    24_000,
    { samples: tone(100, 24_000), sampleRateHz: 24_000 },
    { samples: tone(1000, 8000), sampleRateHz: 8000 },
  );
  expect(concatSamples(pieces(voice, 100)).length).toBe(24 * (100 + 200 + 1000 + 100));
});

test('no piece is longer than asked for, and none is empty', () => {
  const voice = new ReplyAudio(24_000, { samples: tone(130, 24_000), sampleRateHz: 24_000 }, undefined);
  const lengths = pieces(voice, 100).map((piece) => piece.length);
  expect(lengths).toEqual([2400, 720, 2400]);
});

test('a sentence that could not be spoken leaves the rest', () => {
  const voice = new ReplyAudio(8000, { samples: new Int16Array(0), sampleRateHz: 8000 }, undefined);
  expect(concatSamples(pieces(voice, 100)).length).toBe(800);
});
