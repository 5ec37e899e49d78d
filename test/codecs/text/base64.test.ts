// The strict decoder of base64, and the lenient one of protobuf's JSON.

import { describe, expect, test } from 'vitest';
import { decodeAnyBase64, decodeBase64, encodeBase64 } from '../../../codecs/text/base64.ts';

test('bytes of every length are restored from their base64', () => {
  for (let length = 0; length < 260; length++) {
    const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 7 + length) & 0xff));
    expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
  }
});

test('a view encodes only its own bytes', () => {
  expect(encodeBase64(Buffer.from('xabcx').subarray(1, 4))).toBe('YWJj');
});

describe('decodeBase64', () => {
  const wrong = {
    'a length that is no multiple of four': 'YWJ',
    'a character outside of the alphabet': 'YW!j',
    'white space': 'YWJj\nYWJj===',
    'padding in the middle': 'YQ==YWJj',
    'the URL alphabet': 'YW-_',
    'three padding characters': 'Y===',
    'padding only': '====',
    'a character that is not ASCII': 'YWJ\u00e9',
  };
  test.each(Object.entries(wrong))('refuses %s', (_, text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });
});

describe('decodeAnyBase64', () => {
  test.each([['-_8='], ['-_8'], ['+/8='], ['+/8']])('reads %s', (text) => {
    expect(decodeAnyBase64(text)).toEqual(Buffer.from([0xfb, 0xff]));
  });

  test.each([['Y'], ['YW!j'], ['YQ==YWJj'], ['YW j']])('refuses %s', (text) => {
    expect(decodeAnyBase64(text)).toBeUndefined();
  });
});
