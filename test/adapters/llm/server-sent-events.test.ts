// Server-sent events out of bytes.

import { expect, test } from 'vitest';
import { LlmFailure } from '../../../adapters/llm/contract.ts';
import { createSseReader } from '../../../adapters/llm/server-sent-events.ts';
import { seededRandom } from '../../support/random.ts';

test('events are the same however the bytes are cut, and lose none of them', () => {
  const text = 'event: a\r\ndata: 1\r\n\r\n:c\n\ndata: two\ndata:lines\n\ndata\n\nevent: ü\ndata: {"x":"ß"}\n\n';
  const bytes = Buffer.from(text);
  const random = seededRandom(7);
  for (let round = 0; round < 200; round++) {
    const reader = createSseReader();
    const events = [];
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + random.below(9);
      events.push(...reader.push(bytes.subarray(at, at + size)));
      at += size;
    }
    expect(events.map(({ name, data }) => [name, data])).toEqual([
      ['a', '1'],
      ['', undefined],
      ['', 'two\nlines'],
      ['', ''],
      ['ü', '{"x":"ß"}'],
    ]);
    expect(Buffer.concat(events.map(({ raw }) => raw)).toString()).toBe(text);
    expect(reader.end()).toEqual([]);
  }
});

test.each([
  ['data: {"a":1}\n\n', '', '{"a":1}'],
  ['data: {"a":1}\r\n\r\n', '', '{"a":1}'],
  ['data: {"a":1}\n\r\n', '', '{"a":1}'],
  ['data:  two spaces \n\n', '', ' two spaces '],
  ['data: \n\n', '', ''],
  ['data: a\nevent: b\n\n', 'b', 'a'],
])('%j is an event with this name and these data', (text, name, data) => {
  const [event] = createSseReader().push(Buffer.from(text));
  expect([event?.name, event?.data]).toEqual([name, data]);
});

test('the end gives what has no empty line behind it, once', () => {
  const reader = createSseReader();
  expect(reader.push(Buffer.from('data: rest\n'))).toEqual([]);
  expect(reader.end().map(({ data }) => data)).toEqual(['rest']);
  expect(reader.end()).toEqual([]);
});

test('an event of more than maxBytes is a failure', () => {
  const reader = createSseReader(100);
  expect(reader.push(Buffer.alloc(100, 'x'))).toEqual([]);
  expect(() => reader.push(Buffer.from('x'))).toThrow(LlmFailure);
});
