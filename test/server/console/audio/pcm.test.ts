// Conversions and measures of samples.

import { expect, test } from 'vitest';
import { Chunker, fromBase64, levelOf, peaksOf, toBase64, toInt16 } from '../../../../server/console/audio/pcm.ts';

test('samples survive base64, whatever their number', () => {
  for (const length of [0, 1, 2, 3, 480, 9001]) {
    const samples = Int16Array.from({ length }, (_, i) => ((i * 7919) % 65_536) - 32_768);
    expect(fromBase64(toBase64(samples))).toEqual(samples);
    expect(toBase64(samples)).toBe(Buffer.from(samples.buffer).toString('base64'));
  }
});

test('an odd last byte is dropped, and text that is not base64 is a fault', () => {
  expect(fromBase64(Buffer.from([1, 0, 2]).toString('base64'))).toEqual(Int16Array.of(1));
  expect(() => fromBase64('not base64!')).toThrow();
});

test('floats beyond the range are clamped', () => {
  expect([...toInt16(Float32Array.of(0, 1, -1, 7, -7))]).toEqual([0, 32_767, -32_767, 32_767, -32_767]);
});

test('the level is the root mean square, and each block has its peak, also a short last one', () => {
  expect(levelOf(Int16Array.of(16_384, -16_384))).toBe(0.5);
  expect(levelOf(new Int16Array(0))).toBe(0);
  expect(peaksOf(Int16Array.of(0, -16_384, 8192, 0, 32_767), 2)).toEqual([0.5, 0.25, 32_767 / 32_768]);
});

test('the chunker returns chunks of one size in order and keeps the rest', () => {
  const chunker = new Chunker(3);
  expect(chunker.push(Int16Array.of(1, 2))).toEqual([]);
  expect(chunker.push(Int16Array.of(3, 4, 5, 6, 7))).toEqual([Int16Array.of(1, 2, 3), Int16Array.of(4, 5, 6)]);
  expect(chunker.push(Int16Array.of(8, 9))).toEqual([Int16Array.of(7, 8, 9)]);
});
