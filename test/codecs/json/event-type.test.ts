// The type of an event that is found without a parse: always the same that a parse finds.

import { describe, expect, test } from 'vitest';
import { eventType, firstMember } from '../../../codecs/json/event-type.ts';
import { seededRandom } from '../../support/random.ts';
import { randomObject, randomText } from '../../support/random-json.ts';

const typed: readonly (readonly [string, string | undefined])[] = [
  ['{"type":"response.done"}', 'response.done'],
  ['{"type": "response.done", "event_id": "e"}', 'response.done'],
  ['\n{ "type"\t:\r\n"a" }', 'a'],
  ['\ufeff{"type":"a"}', 'a'],
  ['{"event_id":"e","type":"a"}', 'a'],
  ['{"delta":"AAAA","nested":{"type":"no","deep":[{"type":"no"}]},"type":"a"}', 'a'],
  ['{"text":"\\"type\\":\\"no\\"","type":"a"}', 'a'],
  ['{"text":"ends with a backslash \\\\","type":"a"}', 'a'],
  ['{"a":[1,2,{"b":"]}"}],"type":"a"}', 'a'],
  ['{"a":-1.5e3,"b":null,"c":true,"type":"a"}', 'a'],
  ['{"t\\u0079pe":"a"}', 'a'],
  ['{"\\u0074\\u0079\\u0070\\u0065":"a"}', 'a'],
  ['{"type":"a\\u002eb"}', 'a.b'],
  ['{"type":"ü"}', 'ü'],
  ['{"typo":"no","types":"no","Type":"no"}', undefined],
  ['{"nested":{"type":"no"}}', undefined],
  ['{"type":1}', undefined],
  ['{"type":{"type":"no"}}', undefined],
  ['{"type":null}', undefined],
  ['{}', undefined],
  ['[{"type":"no"}]', undefined],
  ['"type"', undefined],
  ['', undefined],
  ['{', undefined],
  ['{"type"', undefined],
  ['{"type":', undefined],
  ['{"type":"never ends', undefined],
  ['{"type":"bad escape \\x"}', undefined],
  ['{"a":"never ends,"type":"a"}', undefined],
  ['{"a":{"never":"closed","type":"a"}', undefined],
  ['{type:"a"}', undefined],
  ['\u0000\u0001\u0002', undefined],
  [`{"type":"${'x'.repeat(200)}"}`, undefined],
];

describe('eventType', () => {
  test.each(typed)('finds in %j the type %j', (text, expected) => {
    expect(eventType(Buffer.from(text))).toBe(expected);
  });

  test('finds the type behind a long string', () => {
    const audio = 'QUJD'.repeat(100_000);
    expect(eventType(Buffer.from(JSON.stringify({ audio, type: 'a' })))).toBe('a');
    expect(eventType(Buffer.from(JSON.stringify({ audio: `${audio}"`, type: 'a' })))).toBe('a');
    expect(eventType(Buffer.from(JSON.stringify({ audio: `${audio}\\`, type: 'a' })))).toBe('a');
  });

  test('finds the type behind a million levels', () => {
    const depth = 1_000_000;
    expect(eventType(Buffer.from(`{"a":${'['.repeat(depth)}${']'.repeat(depth)},"type":"a"}`))).toBe('a');
    expect(eventType(Buffer.from(`{"a":${'['.repeat(depth)}`))).toBeUndefined();
  });

  test('agrees with a parse of 20,000 random objects', () => {
    const random = seededRandom(1);
    for (let round = 0; round < 20_000; round++) {
      const value = randomObject(random, 3);
      const text = randomText(random, value);
      const expected = typeof value.type === 'string' ? value.type : undefined;
      expect(eventType(Buffer.from(text)), text).toBe(expected);
    }
  });

  test('never throws on cut, flipped or random bytes', () => {
    const random = seededRandom(2);
    const kinds = new Set<string>();
    for (let round = 0; round < 20_000; round++) {
      const data = Buffer.from(randomText(random, randomObject(random, 3)));
      const cut = data.subarray(0, random.below(data.length + 1));
      if (cut.length > 0) cut[random.below(cut.length)] = random.below(256);
      for (const hostile of [cut, random.bytes(random.below(40))]) {
        kinds.add(typeof eventType(hostile));
        firstMember(hostile);
      }
    }
    expect([...kinds].sort()).toEqual(['string', 'undefined']);
  });
});

describe('firstMember', () => {
  test.each([
    ['{"serverContent":{"a":1}}', 'serverContent', 17],
    [' { "setup" : {}}', 'setup', 13],
    ['{"\\u0073etup":1}', 'setup', 14],
  ])('finds in %j the key %j and the index of its value', (text, key, valueAt) => {
    expect(firstMember(Buffer.from(text))).toEqual({ key, valueAt });
  });

  test.each(['{}', '[]', '', '{"a"', '{"a"}', '{a:1}', `{"${'x'.repeat(200)}":1}`])('finds nothing in %j', (text) => {
    expect(firstMember(Buffer.from(text))).toBeUndefined();
  });

  test('finds the first member of a nested object', () => {
    const data = Buffer.from('{"realtimeInput": {"audio":{}}}');
    expect(firstMember(data, firstMember(data)?.valueAt)?.key).toBe('audio');
  });
});
