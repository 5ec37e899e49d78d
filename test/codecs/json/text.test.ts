// A text in every encoding that a parser may detect.

import { describe, expect, test } from 'vitest';
import { jsonText } from '../../../codecs/json/text.ts';

const text = '{"täg":"€ 😀"}';

describe('jsonText', () => {
  test.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16LE', Buffer.from(text, 'utf16le')],
    ['UTF-16LE with a mark', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16BE', Buffer.from(text, 'utf16le').swap16()],
    ['UTF-16BE with a mark', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['UTF-32LE', utf32(text)],
    ['UTF-32LE with a mark', utf32(`\ufeff${text}`)],
    ['UTF-32BE', utf32(text).swap32()],
    ['UTF-32BE with a mark', utf32(`\ufeff${text}`).swap32()],
  ])('reads %s', (_name, data) => {
    expect(jsonText(data)).toBe(text);
  });

  test('does not change the bytes of the message', () => {
    const data = Buffer.from(text, 'utf16le').swap16();
    const before = Buffer.from(data);
    jsonText(data);
    expect(data.equals(before)).toBe(true);
  });

  test('replaces bytes that are not UTF-8', () => {
    expect(jsonText(Buffer.from([0x7b, 0xff, 0x7d]))).toBe('{\ufffd}');
  });

  test('reads short messages and odd lengths', () => {
    for (const bytes of [[], [0], [0x7b], [0, 0x7b], [0x7b, 0], [0, 0, 0, 0, 0], [0xfe, 0xff, 0, 0x7b, 0]]) {
      expect(typeof jsonText(Buffer.from(bytes))).toBe('string');
    }
    expect(jsonText(Buffer.from([0, 0, 0, 0x7b, 0xff, 0xff, 0xff, 0xff]))).toBe('{\ufffd');
  });
});

function utf32(value: string): Buffer {
  const codes = Array.from(value, (character) => character.codePointAt(0) ?? 0);
  return Buffer.from(Uint32Array.from(codes).buffer);
}
