// G.711 against the values of the standard.

import { describe, expect, test } from 'vitest';
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../../codecs/audio/g711.ts';

const allCodes = Buffer.from(Array.from({ length: 256 }, (_, code) => code));

describe('mu-law', () => {
  test('decodes the ends and the middle of both halves as the standard does', () => {
    const decoded = decodeMulaw(Buffer.from([0x00, 0x0f, 0x7e, 0x7f, 0x80, 0xfe, 0xff]));
    expect([...decoded]).toEqual([-32124, -16764, -8, 0, 32124, 8, 0]);
  });

  test('every code survives decoding and encoding, except the negative zero', () => {
    const expected = Buffer.from(allCodes);
    expected[0x7f] = 0xff;
    expect(encodeMulaw(decodeMulaw(allCodes))).toEqual(expected);
  });

  test('the loudest samples are clipped, not wrapped', () => {
    expect(encodeMulaw(Int16Array.of(32767, -32768))).toEqual(Buffer.from([0x80, 0x00]));
  });
});

describe('A-law', () => {
  test('decodes the ends and the middle of both halves as the standard does', () => {
    const decoded = decodeAlaw(Buffer.from([0x2a, 0x55, 0xd5, 0xaa, 0x80]));
    expect([...decoded]).toEqual([-32256, -8, 8, 32256, 5504]);
  });

  test('every code survives decoding and encoding', () => {
    expect(encodeAlaw(decodeAlaw(allCodes))).toEqual(allCodes);
  });

  test('the loudest samples get the largest steps', () => {
    expect(encodeAlaw(Int16Array.of(32767, -32768))).toEqual(Buffer.from([0xaa, 0x2a]));
  });
});

test('speech levels stay within one step of the original', () => {
  const samples = Int16Array.from({ length: 2000 }, (_, i) => Math.round(20_000 * Math.sin(i / 7)));
  for (const decoded of [decodeMulaw(encodeMulaw(samples)), decodeAlaw(encodeAlaw(samples))]) {
    decoded.forEach((value, i) => {
      const original = samples[i] ?? 0;
      expect(Math.abs(value - original)).toBeLessThanOrEqual(Math.max(16, Math.abs(original) / 16));
    });
  }
});
