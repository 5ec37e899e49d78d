// The ends of first messages and of close frames, however their bytes arrive.

import { expect, test } from 'vitest';
import { findCloseEnd, findFirstMessageEnd } from '../../codecs/message-end.ts';
import { closeBytes, frameBytes } from '../support/raw-socket.ts';

const messages = {
  'a frame': [frameBytes(1, 'hello')],
  'an empty frame': [frameBytes(1)],
  'an unmasked frame': [frameBytes(2, 'hello', { masked: false })],
  'a frame with a length of two bytes': [frameBytes(1, Buffer.alloc(300, 'a'))],
  'a frame with a length of eight bytes': [frameBytes(1, Buffer.alloc(70_000, 'a'))],
  'a frame behind a ping': [frameBytes(9, 'are you there'), frameBytes(1, 'hello')],
  fragments: [frameBytes(1, 'hel', { fin: false }), frameBytes(0, '', { fin: false }), frameBytes(0, 'lo')],
  'fragments around a ping': [frameBytes(1, 'hel', { fin: false }), frameBytes(9), frameBytes(0, 'lo')],
};

test.each(Object.entries(messages))('the end of %s is found, in one chunk or in many', (_name, frames) => {
  const message = Buffer.concat(frames);
  const bytes = Buffer.concat([message, frameBytes(1, 'the next one')]);
  expect(findFirstMessageEnd()(bytes)).toBe(message.length);
  for (const size of [1, 2, 3, 7, 16_384]) {
    const endOf = findFirstMessageEnd();
    let at = 0;
    let end = endOf(bytes.subarray(0, size));
    while (end === undefined) {
      at += size;
      end = endOf(bytes.subarray(at, at + size));
    }
    expect(at + end).toBe(message.length);
  }
});

test('an incomplete message has no end', () => {
  expect(findFirstMessageEnd()(frameBytes(1, 'hello').subarray(0, -1))).toBeUndefined();
  expect(findFirstMessageEnd()(frameBytes(1, 'hello', { fin: false }))).toBeUndefined();
  expect(findFirstMessageEnd()(frameBytes(10, 'a pong'))).toBeUndefined();
});

test.each([1, 2, 5, 16_384])('the end of a close is found behind any other frames, in chunks of %i bytes', (size) => {
  const before = [frameBytes(1, closeBytes(1000)), frameBytes(2, 'hel', { fin: false }), frameBytes(9, 'there?')];
  const bytes = Buffer.concat([...before, closeBytes(1000, 'bye')]);
  const endOf = findCloseEnd();
  const ends: number[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const end = endOf(bytes.subarray(at, at + size));
    if (end !== undefined) ends.push(at + end);
  }
  expect(ends).toEqual([bytes.length]);
});
