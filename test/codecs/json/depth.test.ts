// Texts that nest so deep that nothing may parse them.

import { expect, test } from 'vitest';
import { isTooDeep, MAX_JSON_DEPTH } from '../../../codecs/json/depth.ts';
import { parseJson } from '../../../codecs/json/object.ts';

const nested = (open: string, close: string, depth: number, inside = '1') =>
  open.repeat(depth) + inside + close.repeat(depth);

test('the depth of lists and objects is counted, alone and mixed', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    expect(isTooDeep(nested(open, close, MAX_JSON_DEPTH))).toBe(false);
    expect(isTooDeep(nested(open, close, MAX_JSON_DEPTH + 1))).toBe(true);
  }
  expect(isTooDeep(nested('[{"a":', '}]', MAX_JSON_DEPTH / 2))).toBe(false);
  expect(isTooDeep(nested('[{"a":', '}]', MAX_JSON_DEPTH / 2 + 1))).toBe(true);
});

test('brackets in strings do not count, whatever is escaped before them', () => {
  const brackets = '['.repeat(2000);
  expect(isTooDeep(JSON.stringify({ text: brackets, [brackets]: `\\"${brackets}\\` }))).toBe(false);
  expect(isTooDeep(`["\\\\",${'['.repeat(2000)}`)).toBe(true);
  expect(isTooDeep(`"${brackets}`)).toBe(false);
});

test('siblings do not add up', () => {
  expect(isTooDeep(`[${Array.from({ length: 5000 }, () => '[[]]').join(',')}]`)).toBe(false);
});

test('a text that is too deep is not parsed', () => {
  expect(parseJson(nested('[', ']', MAX_JSON_DEPTH))).toBeDefined();
  expect(parseJson(nested('[', ']', 2_000_000))).toBeUndefined();
});
