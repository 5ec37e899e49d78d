// Samples and their bytes.

import { expect, test } from 'vitest';
import { concatSamples, durationMs, pcm16Bytes, pcm16Samples } from '../../../codecs/audio/pcm16.ts';

test('bytes are little-endian samples, also at an odd offset of a larger buffer', () => {
  const bytes = Buffer.from([0xff, 0x01, 0x00, 0x00, 0x80, 0xff, 0x7f]);
  expect([...pcm16Samples(bytes.subarray(1))]).toEqual([1, -32768, 32767]);
});

test('a half sample at the end is dropped', () => {
  expect([...pcm16Samples(Buffer.from([0x02, 0x00, 0x03]))]).toEqual([2]);
});

test('samples are encoded to the bytes that they came from', () => {
  const bytes = Buffer.from('00017f80ff7f0080', 'hex');
  expect(pcm16Bytes(pcm16Samples(bytes))).toEqual(bytes);
});

test('a view of samples is encoded to only its own bytes', () => {
  expect(pcm16Bytes(Int16Array.of(1, 2, 3).subarray(1, 2))).toEqual(Buffer.from([2, 0]));
});

test('pieces are joined in order', () => {
  expect([...concatSamples([Int16Array.of(1), new Int16Array(0), Int16Array.of(2, 3)])]).toEqual([1, 2, 3]);
});

test('480 samples at 24 kHz last 20 ms', () => {
  expect(durationMs(480, 24_000)).toBe(20);
});
