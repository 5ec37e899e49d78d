// Data to bytes and back; each message stands for itself.

import { expect, test } from 'vitest';
import { decode, encode } from '../../codecs/wire.ts';

test('what is handed over comes back as it was, undefined included', () => {
  const item = {
    kind: 'turn',
    at: 1_764_000_000_123,
    big: 2 ** 52,
    cost: -0.25,
    text: 'grüß dich 👋',
    missing: undefined,
    none: null,
    yes: true,
    list: [1, 'two', { three: undefined }],
    bytes: Buffer.from([0, 255]),
  };
  const back = decode(encode([item, item])) as (typeof item)[];
  expect(back).toStrictEqual([item, item]);
  expect(Object.hasOwn(back[0] ?? {}, 'missing')).toBe(true);
});

test('a message can be read without the ones before it, and is not changed by the next one', () => {
  const first = encode({ a: 1, b: 'x' });
  const copy = Buffer.from(first);
  const second = encode({ a: 2, b: 'y' });
  expect(first.equals(copy)).toBe(true);
  expect(decode(second)).toEqual({ a: 2, b: 'y' });
  expect(decode(first)).toEqual({ a: 1, b: 'x' });
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['a message that is cut off', encode({ text: 'hello' }).subarray(0, 5)],
  ['a message with something after it', Buffer.concat([encode({ a: 1 }), Buffer.from([1])])],
  ['a list that says it is longer than the bytes', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])],
])('%s is one clear error', (_, bytes) => {
  expect(() => decode(bytes)).toThrow(`expected one MessagePack message, got ${bytes.length} bytes`);
});

test('a key cannot reach the prototype', () => {
  const bytes = encode(JSON.parse('{"__proto__":{"polluted":true}}'));
  const back = decode(bytes) as Record<string, unknown>;
  expect(back.polluted).toBeUndefined();
  expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
});
