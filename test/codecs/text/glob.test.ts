// Tests which names a glob pattern matches, and which of several patterns is chosen.

import { expect, test } from 'vitest';
import { longestMatchingGlob, matchesGlob } from '../../../codecs/text/glob.ts';

test('takes a star for any characters, also none', () => {
  for (const [pattern, name] of [
    ['*', ''],
    ['a', 'a'],
    ['a*', 'a'],
    ['a*c', 'abc'],
    ['*b*', 'abc'],
    ['a*b*c', 'a1b2c'],
  ] as const)
    expect(matchesGlob(pattern, name)).toBe(true);
  for (const [pattern, name] of [
    ['a', 'ab'],
    ['a*a', 'a'],
    ['a*b*b', 'ab'],
    ['*x', 'xy'],
    ['a.c', 'abc'],
  ] as const)
    expect(matchesGlob(pattern, name)).toBe(false);
});

test('matches a pattern of many stars in linear time', () => {
  expect(matchesGlob(`${'a*'.repeat(50)}b`, 'a'.repeat(5000))).toBe(false);
});

test('finds the longest pattern that matches, or none', () => {
  expect(longestMatchingGlob(['*', 'a*', 'ab*'], ['abc'])).toBe('ab*');
  expect(longestMatchingGlob(['ab*********', 'abc'], ['abc'])).toBe('abc');
  expect(longestMatchingGlob(['b*'], ['abc'])).toBeUndefined();
});
