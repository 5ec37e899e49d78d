// Messages with a Buffer in them, which are decoded as they were encoded.

import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage, LENGTH_BYTES } from '../../codecs/pipe-message.ts';

const back = (message: object) => decodeMessage(encodeMessage(message).subarray(LENGTH_BYTES));
const bytes = Buffer.from([0, 255, 34, 10]);

test.each<[string, object]>([
  ['nowhere', { kind: 'answer', id: 7, text: 'grüß dich 👋 "', none: null, list: [1, { a: true }] }],
  ['in a field', { kind: 'part', id: 7, part: bytes }],
  ['in another field of a field', { kind: 'call', argument: { bodyNumber: 3, slice: bytes }, id: 7 }],
  ['in the body of a field', { kind: 'call', argument: { path: '/ä', body: bytes, query: { a: '1' } }, id: 7 }],
  ['and are none', { kind: 'part', part: Buffer.alloc(0) }],
])('bytes that are %s are decoded as they were', (_, message) => {
  expect(back(message)).toEqual(message);
});

test('decoded bytes are a Buffer, and the encoded message keeps its own', () => {
  const sent = { part: { status: 200, body: bytes } };
  expect(Buffer.isBuffer((back(sent) as typeof sent).part.body)).toBe(true);
  expect(sent.part.body).toBe(bytes);
});

test('the length in front counts all bytes that follow', () => {
  const frame = encodeMessage({ part: bytes });
  expect(frame.readUInt32LE()).toBe(frame.length - LENGTH_BYTES);
});

test('a key cannot reach the prototype', () => {
  const message = back(JSON.parse('{"query":{"__proto__":{"polluted":true}}}')) as { query: Record<string, unknown> };
  expect(message.query.polluted).toBeUndefined();
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['fewer bytes than it says', Buffer.from([9, 0, 0, 0, 0x5b, 0x5d])],
  ['no JSON', Buffer.from([2, 0, 0, 0, 0x5b, 0x5b])],
])('%s throws', (_, frame) => {
  expect(() => decodeMessage(frame)).toThrow();
});
