// Cutting a byte stream into server-sent events.

import { expect, test } from 'vitest';
import { ServerSentEventReader } from '../../../../adapters/llm/chat/server-sent-events.ts';
import { LlmFailure } from '../../../../adapters/llm/contract.ts';
import { seededRandom } from '../../../support/random.ts';

test('events are the same however the bytes are cut, and none is lost', () => {
  const text = 'event: a\r\ndata: 1\r\n\r\n:c\n\ndata: two\ndata:lines\n\ndata\n\nevent: ü\ndata: {"x":"ß"}\n\n';
  const bytes = Buffer.from(text);
  const random = seededRandom(7);
  for (let round = 0; round < 200; round++) {
    const reader = new ServerSentEventReader();
    const events = [];
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + random.below(9);
      events.push(...reader.push(bytes.subarray(at, at + size)));
      at += size;
    }
    expect(events.map(({ data }) => data)).toEqual(['1', undefined, 'two\nlines', '', '{"x":"ß"}']);
    expect(Buffer.concat(events.map(({ raw }) => raw)).toString()).toBe(text);
    expect(reader.end()).toEqual([]);
  }
});

test.each([
  ['data: {"a":1}\n\n', '{"a":1}'],
  ['data: {"a":1}\r\n\r\n', '{"a":1}'],
  ['data: {"a":1}\n\r\n', '{"a":1}'],
  ['data:  two spaces \n\n', ' two spaces '],
  ['data: \n\n', ''],
  ['data: a\nevent: b\n\n', 'a'],
  ['data: a\rdata: b\r\r', 'a\nb'],
  ['\ufeffdata: a\n\n', 'a'],
])('the event %j has the data %j', (text, data) => {
  const [event] = new ServerSentEventReader().push(Buffer.from(text));
  expect(event?.data).toBe(data);
});

test('end returns a last event without an empty line, once, and with the line that its client needs', () => {
  const reader = new ServerSentEventReader();
  expect(reader.push(Buffer.from('data: rest'))).toEqual([]);
  expect(reader.end().map(({ data, raw }) => [data, raw.toString()])).toEqual([['rest', 'data: rest\n\n']]);
  expect(reader.end()).toEqual([]);
});

test('an event that comes byte by byte is read in a time that grows with its length, and what was given stays as it is', () => {
  const text = `data: ${'x'.repeat(400_000)}\n\ndata: next\n\n`;
  const reader = new ServerSentEventReader();
  const events = [...Buffer.from(text)].flatMap((byte) => reader.push(Buffer.from([byte])));
  expect(events.map(({ data }) => data?.length)).toEqual([400_000, 4]);
  expect(Buffer.concat(events.map(({ raw }) => raw)).toString()).toBe(text);
});

test('an event of more than maxBytes throws', () => {
  const reader = new ServerSentEventReader(100);
  expect(reader.push(Buffer.alloc(100, 'x'))).toEqual([]);
  expect(() => reader.push(Buffer.from('x'))).toThrow(LlmFailure);
});
