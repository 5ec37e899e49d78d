// Two results against each other: what is noise, what is a change, and what is past the limit.

import { expect, test } from 'vitest';
import { compareResults } from '../../../bench/figures/compare.ts';
import { judge, type Measure, type Results } from '../../../bench/figures/results.ts';
import { results } from '../support/results.ts';

const withRounds = (rounds: Readonly<Record<string, number[]>>, better: Measure['better'] = 'lower'): Results =>
  results(Object.entries(rounds).map(([id, values]) => ({ id, unit: 'us', better, rounds: values, paired: false })));

const slow = withRounds({ 'hop.cpu_us': [20, 21, 20, 19, 20] });
const fast = withRounds({ 'hop.cpu_us': [10, 11, 10, 9, 10] });
const limit = { maxRegression: 0.05, only: undefined };

test('a change for the worse beyond the limit is a regression, one for the better is not', () => {
  expect(compareResults(fast, slow, limit)).toMatchObject({ hasRegression: true });
  expect(compareResults(fast, slow, limit).text).toMatch(/hop\.cpu_us +10 +20 +us +\+100\.0 % .*REGRESSION/);
  expect(compareResults(slow, fast, limit)).toMatchObject({ hasRegression: false });
  expect(compareResults(slow, fast, limit).text).toContain('better');
});

test('less is the regression of a measure where more is better', () => {
  const more = withRounds({ x: [20, 20, 20, 20] }, 'higher');
  const less = withRounds({ x: [10, 10, 10, 10] }, 'higher');
  expect(compareResults(more, less, limit).hasRegression).toBe(true);
  expect(compareResults(less, more, limit).hasRegression).toBe(false);
});

test('a change that could be chance is noise, however large', () => {
  const before = withRounds({ x: [1, 100, 2, 90, 3] });
  const after = withRounds({ x: [100, 1, 95, 2, 80] });
  const { text, hasRegression } = compareResults(before, after, limit);
  expect(hasRegression).toBe(false);
  expect(text).toContain('noise');
});

test('a certain change within the limit, or without one, is worse but passes', () => {
  expect(compareResults(fast, slow, { ...limit, maxRegression: 2 }).hasRegression).toBe(false);
  expect(compareResults(fast, slow, { ...limit, maxRegression: undefined }).text).toContain('worse');
});

test('changes of other contenders and of too few rounds are no regression', () => {
  const pair = (rounds: number[]) => withRounds({ 'hop.p50_ms.direct': rounds, 'hop.p50_ms.trunkline': rounds });
  const ours = compareResults(pair([1, 1, 1, 1]), pair([2, 2, 2, 2]), limit).text.split('\n');
  expect(ours.find((line) => line.includes('direct'))).toMatch(/worse$/);
  expect(ours.find((line) => line.includes('trunkline'))).toMatch(/REGRESSION$/);
  expect(compareResults(pair([1, 1, 1]), pair([2, 2, 2]), limit).hasRegression).toBe(false);
});

test('the comparison says whether the intervals of the figures overlap', () => {
  const goal = { id: 'hop.ratio', unit: 'ratio', below: 1 };
  const of = (low: number, high: number) =>
    results([], { figures: [judge(goal, { value: low, interval: [low, high] })] });
  expect(compareResults(of(1, 2), of(1.5, 3), limit).text).toMatch(/hop\.ratio .* overlap/);
  expect(compareResults(of(1, 2), of(2.5, 3), limit).text).toMatch(/hop\.ratio .* APART/);
});

test('only measures that were asked for and that both results have are compared', () => {
  const before = withRounds({ 'hop.a': [1], 'text.b': [1], gone: [1] });
  const after = withRounds({ 'hop.a': [2], 'text.b': [2], come: [1] });
  const { text } = compareResults(before, after, { ...limit, only: ['hop.'] });
  expect(text).toContain('hop.a');
  expect(text).not.toMatch(/text\.b|gone|come/);
});

test('the comparison notes what makes it doubtful', () => {
  const other = { ...slow, manifest: { ...slow.manifest, node: 'v99.0.0' } };
  expect(compareResults(fast, other, limit).text).toContain('note: Node v24.0.0 and v99.0.0');
});
