// Another rate, the same sound.

import { expect, test } from 'vitest';
import { toInt16 } from '../../../../server/console/audio/pcm.ts';
import { Resampler } from '../../../../server/console/audio/resampler.ts';

const tone = (hz: number, rateHz: number, length: number) =>
  Float32Array.from({ length }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / rateHz));

function convert(input: Float32Array, rates: { from: number; to: number }, blockSamples: number): Float32Array {
  const resampler = new Resampler(rates.from, rates.to);
  const parts: number[] = [];
  for (let at = 0; at < input.length; at += blockSamples) {
    parts.push(...resampler.push(input.subarray(at, at + blockSamples)));
  }
  return Float32Array.from([...parts, ...resampler.flush()]);
}

const rms = (samples: Float32Array) =>
  Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);

test.each([
  [16_000, 24_000],
  [48_000, 24_000],
  [44_100, 16_000],
])('a tone of 440 Hz from %d to %d Hz is the same tone', (from, to) => {
  const output = convert(tone(440, from, from), { from, to }, 128);
  expect(Math.abs(output.length - to)).toBeLessThan(40);
  const expected = tone(440, to, output.length);
  const middle = output.subarray(2000, to - 2000);
  const error = middle.map((value, i) => value - (expected[i + 2000] ?? 0));
  expect(rms(error)).toBeLessThan(0.005);
});

test('what the lower rate cannot carry is left out instead of folded back', () => {
  const output = convert(tone(11_000, 48_000, 48_000), { from: 48_000, to: 16_000 }, 128);
  expect(rms(output.subarray(1000, 15_000))).toBeLessThan(0.01);
});

test('the size of the blocks does not change the result', () => {
  const input = tone(700, 16_000, 4000);
  const rates = { from: 16_000, to: 24_000 };
  expect(toInt16(convert(input, rates, 17))).toEqual(toInt16(convert(input, rates, 4000)));
});

test('the same rate passes through', () => {
  const input = tone(440, 16_000, 100);
  expect(new Resampler(16_000, 16_000).push(input)).toBe(input);
});
