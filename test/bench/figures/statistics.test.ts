// The statistics against answers worked out by hand, or known from the literature.

import { expect, test } from 'vitest';
import {
  bootstrap,
  estimateChange,
  estimateMedian,
  median,
  pairedDifferences,
  pairedRatios,
  quantile,
  randomFrom,
  spread,
} from '../../../bench/figures/statistics.ts';

test('a quantile is linear between the nearest ranks', () => {
  expect(quantile([4, 1, 3, 2], 0)).toBe(1);
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([4, 1, 3, 2], 0.25)).toBe(1.75);
  expect(quantile([4, 1, 3, 2], 1)).toBe(4);
  expect(quantile([7], 0.99)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
});

test('median and quartiles do not depend on the order, and leave the values as they are', () => {
  const values = [9, 2, 5, 4, 7];
  expect(median(values)).toBe(5);
  expect(spread(values)).toEqual([4, 7]);
  expect(values).toEqual([9, 2, 5, 4, 7]);
});

test('paired values are those of the same round, and a round with a hole is left out', () => {
  expect(pairedDifferences([5, undefined, 9, 4], [1, 2, 3])).toEqual([4, 6]);
  expect(pairedRatios([8, 6], [2, 3])).toEqual([4, 2]);
});

test('pairing removes what all contenders of a round share', () => {
  const drift = [0, 50, 100, 500, 1000];
  const slower = drift.map((value) => value + 3);
  const { value, interval } = estimateMedian(pairedDifferences(slower, drift), 1);
  expect(value).toBe(3);
  expect(interval).toEqual([3, 3]);
});

test('the generator of numbers gives the known sequence of mulberry32', () => {
  const random = randomFrom(1);
  expect([random(), random()].map((value) => Math.round(value * 2 ** 32))).toEqual([2693262067, 11749833]);
});

test('the bootstrap gives the same interval for the same seed, and one that holds the value', () => {
  const values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];
  const first = estimateMedian(values, 7);
  expect(estimateMedian(values, 7)).toEqual(first);
  expect(first.value).toBe(4);
  expect(first.interval[0]).toBeLessThanOrEqual(4);
  expect(first.interval[1]).toBeGreaterThanOrEqual(4);
});

test('the interval of a mean is that of the normal distribution, for many values', () => {
  const random = randomFrom(42);
  const values = Array.from({ length: 400 }, () => random());
  const mean = (sample: readonly number[]) => sample.reduce((sum, value) => sum + value, 0) / sample.length;
  const { value, interval } = bootstrap(values, mean, 3);
  // The standard error of the mean of 400 values that are uniform from 0 to 1 is 1 / sqrt(12 * 400) = 0.01443.
  expect(value - interval[0]).toBeCloseTo(1.96 * 0.01443, 2);
  expect(interval[1] - value).toBeCloseTo(1.96 * 0.01443, 2);
});

test('about 95 of 100 intervals hold the true value', () => {
  const random = randomFrom(5);
  const mean = (sample: readonly number[]) => sample.reduce((sum, value) => sum + value, 0) / sample.length;
  const held = Array.from({ length: 100 }, (_, seed) => {
    const { interval } = bootstrap(Array.from({ length: 40 }, random), mean, seed);
    return interval[0] <= 0.5 && 0.5 <= interval[1];
  }).filter(Boolean).length;
  expect(held).toBeGreaterThanOrEqual(88);
});

test('rounds are resampled whole, so that what varies together stays together', () => {
  const rounds = [1, 10, 100, 1000].map((load) => ({ ours: 2 * load, theirs: load }));
  const ratio = (sample: typeof rounds) =>
    median(sample.map((value) => value.ours)) / median(sample.map((value) => value.theirs));
  expect(bootstrap(rounds, ratio as (sample: readonly { ours: number; theirs: number }[]) => number, 1)).toEqual({
    value: 2,
    interval: [2, 2],
  });
});

test('a change is relative to the value before, and a change by noise has an interval that holds zero', () => {
  expect(estimateChange([10, 10, 10], [11, 11, 11], 1).value).toBeCloseTo(0.1);
  expect(estimateChange([10, 10, 10], [11, 11, 11], 1).interval[0]).toBeCloseTo(0.1);
  const [low, high] = estimateChange([9, 10, 11, 10, 9, 11], [10, 9, 11, 11, 10, 9], 1).interval;
  expect(low).toBeLessThanOrEqual(0);
  expect(high).toBeGreaterThanOrEqual(0);
});

test('a median of no values is no number', () => {
  expect(estimateMedian([], 1).value).toBeNaN();
});
