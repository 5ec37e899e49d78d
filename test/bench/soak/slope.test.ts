// The slope of a figure over time, and how sure it is.

import { expect, test } from 'vitest';
import { slopePerHour } from '../../../bench/soak/slope.ts';
import { seededRandom } from '../../support/random.ts';

const MINUTE = 60_000;
const every = (minutes: number, valueAt: (hours: number) => number) =>
  Array.from({ length: minutes * 12 }, (_, index) => ({
    at: index * 5000,
    value: valueAt((index * 5000) / 3_600_000),
  }));

test('a line has its slope, and nothing is unsure about it', () => {
  const { value = 0, interval = [0, 0] } = slopePerHour(every(20, (hours) => 100 + 43 * hours)) ?? {};
  expect(value).toBeCloseTo(43, 6);
  expect(interval[1] - interval[0]).toBeCloseTo(0, 6);
});

test('noise around a level has an interval through zero', () => {
  const random = seededRandom(1);
  const { interval = [1, 1] } = slopePerHour(every(40, () => 100 + random.below(1000) / 100)) ?? {};
  expect(interval[0]).toBeLessThan(0);
  expect(interval[1]).toBeGreaterThan(0);
});

test('less than three minutes have none', () => {
  expect(slopePerHour([0, 1].map((minute) => ({ at: minute * MINUTE, value: minute })))).toBeUndefined();
});
