// Names and patterns.

import { expect, test } from 'vitest';
import { fits, longestFitting } from '../../../server/config/wildcard.ts';

test('a star stands for anything, also nothing', () => {
  for (const [pattern, name] of [
    ['*', ''],
    ['a', 'a'],
    ['a*', 'a'],
    ['a*c', 'abc'],
    ['*b*', 'abc'],
    ['a*b*c', 'a1b2c'],
  ] as const)
    expect(fits(pattern, name)).toBe(true);
  for (const [pattern, name] of [
    ['a', 'ab'],
    ['a*a', 'a'],
    ['a*b*b', 'ab'],
    ['*x', 'xy'],
    ['a.c', 'abc'],
  ] as const)
    expect(fits(pattern, name)).toBe(false);
});

test('a pattern of many stars takes no long time', () => {
  expect(fits(`${'a*'.repeat(50)}b`, 'a'.repeat(5000))).toBe(false);
});

test('the longest that fits is found, or none', () => {
  expect(longestFitting(['*', 'a*', 'ab*'], ['abc'])).toBe('ab*');
  expect(longestFitting(['ab*********', 'abc'], ['abc'])).toBe('abc');
  expect(longestFitting(['b*'], ['abc'])).toBeUndefined();
});
