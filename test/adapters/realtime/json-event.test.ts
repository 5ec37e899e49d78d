// Reading events: bounded, and never an error. Then every dialect against bytes that mean harm.

import { describe, expect, test } from 'vitest';
import { adapters } from '../../../adapters/realtime/index.ts';
import { eventIdOf, objectAt, readEvent, textAt } from '../../../adapters/realtime/json-event.ts';
import { frameOf } from '../../support/frames.ts';
import { seededRandom } from '../../support/random.ts';
import { randomText, randomValue } from '../../support/random-json.ts';

describe('readEvent', () => {
  test('reads an object, also one with a key twice', () => {
    expect(readEvent(Buffer.from('{"a":1,"a":2}'))).toEqual({ a: 2 });
    expect(readEvent('{"a":"ü"}')).toEqual({ a: 'ü' });
  });

  test.each(['', '7', '[]', 'null', '"x"', '{"a":', '{"a":tru}', '{"a":"\n"}'])('reads nothing from %j', (text) => {
    expect(readEvent(Buffer.from(text))).toBeUndefined();
  });

  test('reads nothing that is too large or too deep', () => {
    const large = (length: number) => JSON.stringify({ a: 'x'.repeat(length) });
    expect(readEvent(large(4_000_000))).toBeDefined();
    expect(readEvent(large(5_000_000))).toBeUndefined();
    const deep = (levels: number) => Buffer.from(`{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`);
    expect(readEvent(deep(200))).toBeDefined();
    expect(readEvent(deep(300))).toBeUndefined();
  });
});

test('paths lead to values of the right kind or nowhere', () => {
  const event = { a: { b: { c: 'x', d: 7 } }, list: [{ c: 'x' }] };
  expect(textAt(event, 'a', 'b', 'c')).toBe('x');
  expect(textAt(event, 'a', 'b', 'd')).toBeUndefined();
  expect(textAt(event, 'a', 'x', 'c')).toBeUndefined();
  expect(textAt(event, 'list', 'c')).toBeUndefined();
  expect(textAt(undefined, 'a')).toBeUndefined();
  expect(objectAt(event, 'a', 'b')).toEqual({ c: 'x', d: 7 });
  expect(objectAt(event, 'list')).toBeUndefined();
});

test('an event id is a short string', () => {
  expect(eventIdOf({ event_id: 'e' })).toBe('e');
  for (const value of [{ event_id: 7 }, { event_id: 'e'.repeat(513) }, {}, [], null, 'x']) {
    expect(eventIdOf(value)).toBeUndefined();
  }
});

const words = [
  ...['response.done', 'response.create', 'response.completed', 'session.created', 'session.usage.updated'],
  ...['response.event', 'response.output_audio.delta', 'conversation.item.input_audio_transcription.completed'],
];
const keys = ['serverContent', 'usageMetadata', 'clientContent', 'realtimeInput', 'voiceActivity', 'setup', 'goAway'];

test('no dialect throws on 5,000 hostile frames, in either direction', () => {
  const random = seededRandom(9);
  const dialects = new Set([...adapters.values()].flatMap(({ routes }) => routes.map(({ dialect }) => dialect)));
  for (let round = 0; round < 5000; round++) {
    const inside = ['response', 'session', 'usage', 'event'].map(
      (key) => `"${key}":${randomText(random, randomValue(random, 3))}`,
    );
    const type = `"type":"${random.pick(words)}"`;
    const text = random.pick([
      `{${[type, ...inside].join(',')}}`,
      `{"${random.pick(keys)}":${randomText(random, randomValue(random, 4))},${inside[0]}}`,
      `{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"mimeType":"audio/pcm",${inside[1]},"data":${randomText(random, 'x')}}}]}}}`,
    ]);
    const data = Buffer.from(text);
    for (let flips = random.below(3); flips > 0; flips--) data[random.below(data.length)] = random.below(256);
    const frame = frameOf(data.subarray(0, random.below(4) === 0 ? random.below(data.length) : data.length));
    // One assertion for all: making a hundred thousand takes longer than what they assert.
    expect(() => {
      for (const dialect of dialects) {
        for (const direction of ['upstream', 'downstream'] as const) dialect.observe(frame, direction);
        dialect.refusal({ code: 'duplicate_key', message: 'm' }, frame);
      }
    }, text).not.toThrow();
  }
});
