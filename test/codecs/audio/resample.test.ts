// Changes of sample rate, which keep tones as they are.

import { describe, expect, test } from 'vitest';
import { concatSamples } from '../../../codecs/audio/pcm16.ts';
import { createResampler, resample } from '../../../codecs/audio/resample.ts';

function sine(hz: number, sampleRateHz: number, seconds = 1): Int16Array {
  const length = Math.round(sampleRateHz * seconds);
  return Int16Array.from({ length }, (_, i) => Math.round(10_000 * Math.sin((2 * Math.PI * hz * i) / sampleRateHz)));
}

/** Amplitude of one frequency, by correlation, after the filter has settled. */
function amplitude(samples: Int16Array, hz: number, sampleRateHz: number): number {
  const settled = samples.subarray(Math.round(sampleRateHz / 10));
  let re = 0;
  let im = 0;
  settled.forEach((sample, i) => {
    re += sample * Math.cos((2 * Math.PI * hz * i) / sampleRateHz);
    im += sample * Math.sin((2 * Math.PI * hz * i) / sampleRateHz);
  });
  return (2 * Math.hypot(re, im)) / settled.length;
}

const pairs = [
  [16_000, 24_000],
  [24_000, 16_000],
  [8000, 16_000],
  [8000, 24_000],
  [24_000, 8000],
  [48_000, 16_000],
  [44_100, 16_000],
  [22_050, 24_000],
] as const;

describe.each(pairs)('%d to %d Hz', (from, to) => {
  test('a tone of 1 kHz keeps its pitch and its level', () => {
    const result = resample(sine(1000, from), from, to);
    expect(result.length).toBe(to);
    expect(amplitude(result, 1000, to)).toBeGreaterThan(9900);
    expect(amplitude(result, 1000, to)).toBeLessThan(10_100);
  });

  test('blocks of any length give the same samples as the whole', () => {
    const signal = sine(440, from, 0.5);
    const resampler = createResampler(from, to);
    const pieces: Int16Array[] = [];
    for (let start = 0, length = 1; start < signal.length; start += length, length = (length * 7) % 997) {
      pieces.push(resampler.process(signal.subarray(start, start + length)));
    }
    expect(concatSamples(pieces)).toEqual(resample(signal, from, to));
  });
});

test('20 ms blocks stay 20 ms blocks', () => {
  const resampler = createResampler(16_000, 24_000);
  const lengths = Array.from({ length: 50 }, () => resampler.process(new Int16Array(320)).length);
  expect(new Set(lengths)).toEqual(new Set([480]));
});

test('frequencies above the lower rate are filtered out, not folded', () => {
  const folded = resample(sine(11_000, 24_000), 24_000, 16_000);
  expect(amplitude(folded, 5000, 16_000)).toBeLessThan(20);
});

test('full scale is clipped, not wrapped', () => {
  const square = Int16Array.from({ length: 16_000 }, (_, i) => (i % 40 < 20 ? 32_767 : -32_768));
  // The samples behind the ringing of the first edge.
  const result = resample(square, 16_000, 24_000).subarray(100);
  const changes = result.filter((sample, i) => i > 0 && sample < 0 !== (result[i - 1] ?? 0) < 0).length;
  expect(changes).toBeLessThanOrEqual(801);
});

test('the same rate passes the same samples', () => {
  const samples = Int16Array.of(1, 2, 3);
  expect(createResampler(8000, 8000).process(samples)).toBe(samples);
});

test.each([0, -8000, 16_001, Number.NaN, Number.POSITIVE_INFINITY])('a rate of %d Hz is refused', (rate) => {
  expect(() => createResampler(rate, 16_000)).toThrow(RangeError);
});
