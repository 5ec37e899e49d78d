// Texts that must not be parsed: broken, too deep, too large, or with a repeated key.

import { describe, expect, test } from 'vitest';
import { type JsonFault, jsonFault } from '../../../codecs/json/fault.ts';
import { seededRandom } from '../../support/random.ts';
import { randomObject, randomText } from '../../support/random-json.ts';

const cases: readonly (readonly [string, JsonFault | undefined])[] = [
  ['{}', undefined],
  ['[]', undefined],
  [' [ ] ', undefined],
  ['"a"', undefined],
  ['-1.5E+3', undefined],
  ['null', undefined],
  ['{"a":1,"b":2}', undefined],
  ['{"a":{"a":{"a":1}}}', undefined],
  ['[{"a":1},{"a":2}]', undefined],
  ['{"a":[{"b":1}],"b":[{"a":1}]}', undefined],
  ['{"a":"\\"a\\":1","A":2}', undefined],
  ['{"a":1,"a ":2}', undefined],
  ['{"__proto__":1,"constructor":2,"toString":3}', undefined],
  ['{"a":1,"a":2}', 'duplicate-key'],
  ['{"a":1,"a":1}', 'duplicate-key'],
  ['{"a":1,"b":{"c":1,"c":2}}', 'duplicate-key'],
  ['[[[{"c":1,"d":0,"c":2}]]]', 'duplicate-key'],
  ['{"a":{"x":1},"b":2,"a":3}', 'duplicate-key'],
  ['{"a":1,"\\u0061":2}', 'duplicate-key'],
  ['{"\\u0061":1,"\\u0061":2}', 'duplicate-key'],
  ['{"/":1,"\\/":2}', 'duplicate-key'],
  ['{"😀":1,"\\ud83d\\ude00":2}', 'duplicate-key'],
  ['{"":1,"":2}', 'duplicate-key'],
  ['{"__proto__":1,"__proto__":2}', 'duplicate-key'],
  ['{"a":"{\\"b\\":1}","b":1,"a":2}', 'duplicate-key'],
  ['', 'invalid'],
  ['{', 'invalid'],
  ['}', 'invalid'],
  ['[1', 'invalid'],
  ['[1]]', 'invalid'],
  ['[1}', 'invalid'],
  ['{"a"}', 'invalid'],
  ['{"a":}', 'invalid'],
  ['{"a":1,}', 'invalid'],
  ['[1,]', 'invalid'],
  ['{"a":1 "b":2}', 'invalid'],
  ['{"a":1}{"a":2}', 'invalid'],
  ['{a:1}', 'invalid'],
  ["{'a':1}", 'invalid'],
  ['{"a":"never ends', 'invalid'],
  ['{"\\x":1}', 'invalid'],
  ['{"a":NaN}', 'invalid'],
  ['{"a":1,"a":2', 'invalid'],
];

describe('jsonFault', () => {
  test.each(cases)('checks %j and returns %j', (text, expected) => {
    expect(jsonFault(text)).toBe(expected);
  });

  test('reports texts beyond the limits, and none at them', () => {
    const limits = { maxDepth: 3, maxValues: 5 };
    expect(jsonFault('[[[1]]]', limits)).toBeUndefined();
    expect(jsonFault('[[[[1]]]]', limits)).toBe('too-deep');
    expect(jsonFault('{"a":{"b":{"c":{"d":1}}}}', limits)).toBe('too-deep');
    expect(jsonFault('[1,2,3,4]', limits)).toBeUndefined();
    expect(jsonFault('[1,2,3,4,5]', limits)).toBe('too-many-values');
    expect(jsonFault('{"a":1,"b":2,"c":3,"d":4,"e":5}', limits)).toBe('too-many-values');
  });

  test('checks a million levels without overflowing the stack', () => {
    const depth = 1_000_000;
    const limits = { maxDepth: depth, maxValues: depth + 1 };
    expect(jsonFault('['.repeat(depth) + ']'.repeat(depth), limits)).toBeUndefined();
    expect(jsonFault(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`, limits)).toBeUndefined();
    expect(
      jsonFault(`${'{"a":'.repeat(depth - 1)}{"b":1,"b":2}${'}'.repeat(depth - 1)}`, {
        ...limits,
        maxValues: depth + 2,
      }),
    ).toBe('duplicate-key');
    expect(jsonFault('['.repeat(depth))).toBe('too-deep');
  });

  test('finds no fault in 10,000 random texts, and one when a key is doubled', () => {
    const random = seededRandom(3);
    let doubled = 0;
    for (let round = 0; round < 10_000; round++) {
      const text = randomText(random, [randomObject(random, 4)]);
      expect(jsonFault(text), text).toBeUndefined();
      const twice = doubleSomeKey(text, () => random.below(3) === 0);
      if (twice === undefined) continue;
      doubled++;
      expect(() => JSON.parse(twice), twice).not.toThrow();
      expect(jsonFault(twice), twice).toBe('duplicate-key');
    }
    expect(doubled).toBeGreaterThan(1000);
  });

  test('refuses every text with a structure that a parser refuses, and never throws', () => {
    const random = seededRandom(4);
    const pieces = ['{', '}', '[', ']', ',', ':', '"a"', '"b"', '1', 'true', ' ', '"', '\\'];
    for (let round = 0; round < 50_000; round++) {
      const text = Array.from({ length: random.below(12) }, () => random.pick(pieces)).join('');
      const fault = jsonFault(text);
      if (parses(text)) expect([undefined, 'duplicate-key'], text).toContain(fault);
      else if (fault !== 'invalid') expect(text).toMatch(/1true|true1|11|truetrue|\\/);
    }
  });
});

/** Puts a second member with the key of an object's first member before it, where that leaves the value as it is. */
function doubleSomeKey(text: string, chooses: () => boolean): string | undefined {
  for (const match of text.matchAll(/\{\s*("(?:[^"\\]|\\.)*")\s*:/g)) {
    if (!chooses()) continue;
    const at = match.index + 1;
    const twice = `${text.slice(0, at)}${match[1]}:0,${text.slice(at)}`;
    if (parses(twice) && JSON.stringify(JSON.parse(twice)) === JSON.stringify(JSON.parse(text))) return twice;
  }
  return undefined;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
