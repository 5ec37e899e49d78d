// Members that are taken out of a message, and the bytes that stay.

import { describe, expect, test } from 'vitest';
import { type MemberPlaces, withoutMembers } from '../../../codecs/json/members.ts';
import { seededRandom } from '../../support/random.ts';
import { randomObject, randomText, randomValue } from '../../support/random-json.ts';

const places: MemberPlaces = { a: true, in: { a: true, list: { a: true } } };
const cut = (text: string): string | undefined => withoutMembers(Buffer.from(text), places)?.toString();

describe('members are taken out, and all other bytes stay', () => {
  test.each([
    ['{"a":1}', '{}'],
    ['{"a":1,"b":2}', '{"b":2}'],
    ['{"b":2,"a":1}', '{"b":2}'],
    ['{ "b": 2 , "a" : [1, {"a":"}"}] }', '{ "b": 2 }'],
    ['{"a":1,"b":2.0,"a":3,"c":"\\"a\\"","a":4,"a":5}', '{"b":2.0,"c":"\\"a\\""}'],
    ['{"in":{"a":{"x":"\\\\"}, "b":1},"a":null}', '{"in":{"b":1}}'],
    ['{"in":[{"a":1},{"list":[{"a":2,"b":[]},7,{"a":3}]}]}', '{"in":[{},{"list":[{"b":[]},7,{}]}]}'],
    ['{"\\u0061":1,"b":2}', '{"b":2}'],
    ['{"b":{"a":1},"a":"x","c":{"in":{"a":1}}}', '{"b":{"a":1},"c":{"in":{"a":1}}}'],
  ])('%s', (before, after) => {
    expect(cut(before)).toBe(after);
  });
});

test.each(['', '[]', 'a', '{"b":1}', '{"in":1}', '{"in":{"b":"a"}}', '{"__proto__":{"a":1}}', '{"a', '{"a":', '{"a"}'])(
  'a message without them is left as it is: %s',
  (text) => {
    expect(cut(text)).toBeUndefined();
  },
);

test('what is left of a random message is what a parser would leave', () => {
  const random = seededRandom(12);
  for (let round = 0; round < 500; round += 1) {
    const [before, within, after] = [randomObject(random, 2), randomObject(random, 2), randomObject(random, 2)];
    const value = { ...before, a: randomValue(random, 3), in: { ...within, a: 1 }, z: after };
    const { a: _, ...rest } = value;
    const { a: __, ...kept } = value.in;
    const left = cut(randomText(random, value)) ?? '';
    expect(JSON.parse(left), left).toEqual({ ...rest, in: kept });
  }
});
