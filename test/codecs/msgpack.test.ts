// Data to bytes and back. Each message is decoded alone.

import { expect, test } from 'vitest';
import { decodeMsgpack, encodeMessage, encodeMsgpack, LENGTH_BYTES } from '../../codecs/msgpack.ts';

test('data is restored as it was, undefined included', () => {
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
  const back = decodeMsgpack(encodeMsgpack([item, item])) as (typeof item)[];
  expect(back).toStrictEqual([item, item]);
  expect(Object.hasOwn(back[0] ?? {}, 'missing')).toBe(true);
});

test('a message can be decoded alone, and is not changed by the next one', () => {
  const first = encodeMsgpack({ a: 1, b: 'x' });
  const copy = Buffer.from(first);
  const second = encodeMsgpack({ a: 2, b: 'y' });
  expect(first.equals(copy)).toBe(true);
  expect(decodeMsgpack(second)).toEqual({ a: 2, b: 'y' });
  expect(decodeMsgpack(first)).toEqual({ a: 1, b: 'x' });
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['a message that is cut off', encodeMsgpack({ text: 'hello' }).subarray(0, 5)],
  ['a message with something after it', Buffer.concat([encodeMsgpack({ a: 1 }), Buffer.from([1])])],
  ['a list that says it is longer than the bytes', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])],
])('%s throws one clear error', (_, bytes) => {
  expect(() => decodeMsgpack(bytes)).toThrow(`expected one MessagePack message, got ${bytes.length} bytes`);
});

test('a message with its length in front is restored with its bytes, which stay a Buffer', () => {
  const sent = { kind: 'part', id: 7, part: { status: 200, body: Buffer.from([0, 255, 34, 10]) } };
  const encoded = encodeMessage(sent);
  expect(encoded.readUInt32LE()).toBe(encoded.length - LENGTH_BYTES);
  const back = decodeMsgpack(encoded.subarray(LENGTH_BYTES)) as typeof sent;
  expect(back).toEqual(sent);
  expect(Buffer.isBuffer(back.part.body)).toBe(true);
});

test('a key cannot reach the prototype', () => {
  const bytes = encodeMsgpack(JSON.parse('{"__proto__":{"polluted":true}}'));
  const back = decodeMsgpack(bytes) as Record<string, unknown>;
  expect(back.polluted).toBeUndefined();
  expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
});
