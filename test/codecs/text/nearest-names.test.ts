// The names that someone may have meant: by the letters that differ.

import { expect, test } from 'vitest';
import { didYouMean, nearestNames } from '../../../codecs/text/nearest-names.ts';

test('the nearest names come first, and equally near ones keep their order', () => {
  expect(nearestNames('gpt-5-mni', ['o3', 'gpt-4', 'gpt-5', 'gpt-5-mini'], 3)).toEqual([
    'gpt-5-mini',
    'gpt-5',
    'gpt-4',
  ]);
  expect(nearestNames('x', ['a', 'b', 'c'], 2)).toEqual(['a', 'b']);
  expect(nearestNames('x', [], 2)).toEqual([]);
});

test.each([
  ['prot', ['port', 'host'], 'port'],
  ['ruoter', ['contract', 'router'], 'router'],
  ['Server', ['serve', 'config check'], 'serve'],
  ['tims', ['times', 'faults'], 'times'],
  ['comodity', ['commodity', 'realtime'], 'commodity'],
])('%s is taken for a slip', (written, known, meant) => {
  expect(didYouMean(written, known)).toBe(`; did you mean ${meant}?`);
});

test.each([
  ['launch', ['serve', 'config check', 'tasks list']],
  ['timeout', ['dialMs', 'idleMs', 'closeMs']],
  ['x', ['openai', 'gemini']],
  ['anything', []],
])('%s is no slip of any of these', (written, known) => {
  expect(didYouMean(written, known)).toBe('');
});
