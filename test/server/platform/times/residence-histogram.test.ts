// Residence times as counts: their summary against the times themselves.

import { expect, test } from 'vitest';
import { ResidenceHistogram } from '../../../../server/platform/times/residence-histogram.ts';
import { seededRandom } from '../../../support/random.ts';

const MINUTE_US = 60_000_000;

test('is all zeros before anything was counted', () => {
  expect(new ResidenceHistogram().summary()).toEqual({ count: 0, p50: 0, p99: 0, max: 0 });
});

test('is exact below 32 microseconds', () => {
  const counts = new ResidenceHistogram();
  for (let us = 1; us < 32; us += 1) counts.add(us, 1);
  expect(counts.summary()).toEqual({ count: 31, p50: 16, p99: 31, max: 31 });
});

test('gives a single time as its percentile to 6 %, and the exact maximum', () => {
  for (let us = 1; us < MINUTE_US; us = Math.ceil(us * 1.01)) {
    const counts = new ResidenceHistogram();
    counts.add(us, 1);
    const { p50, p99, max } = counts.summary();
    expect(p99).toBe(p50);
    expectClose(p50, us);
    expect(max).toBe(us);
  }
});

test.each([1, 2, 3, 4, 5])('gives percentiles to 6 %, whatever the times: seed %i', (seed) => {
  const random = seededRandom(seed);
  const counts = new ResidenceHistogram();
  const times: number[] = [];
  for (let add = 0; add < 2000; add += 1) {
    const us = 1 + random.below(10 ** (1 + random.below(7)));
    const frames = 1 + random.below(5);
    counts.add(us, frames);
    times.push(...Array<number>(frames).fill(us));
  }
  times.sort((a, b) => a - b);
  const { count, p50, p99, max } = counts.summary();
  expect(count).toBe(times.length);
  expectClose(p50, times[Math.ceil(times.length * 0.5) - 1] ?? 0);
  expectClose(p99, times[Math.ceil(times.length * 0.99) - 1] ?? 0);
  expect(max).toBe(times.at(-1));
});

test('leaves the hundredth frame out of p99', () => {
  const counts = new ResidenceHistogram();
  counts.add(10, 99);
  counts.add(5000, 1);
  expect(counts.summary()).toEqual({ count: 100, p50: 10, p99: 10, max: 5000 });
  counts.add(5000, 1);
  expectClose(counts.summary().p99, 5000);
});

test('counts more than a minute as a minute, and less than a microsecond as one', () => {
  const counts = new ResidenceHistogram();
  counts.add(0, 1);
  counts.add(0.2, 1);
  expect(counts.summary()).toEqual({ count: 2, p50: 1, p99: 1, max: 1 });
  counts.add(10 * MINUTE_US, 7);
  const { count, p99, max } = counts.summary();
  expect({ count, max }).toEqual({ count: 9, max: MINUTE_US });
  expectClose(p99, MINUTE_US);
});

test('goes on counting after a summary', () => {
  const counts = new ResidenceHistogram();
  counts.add(3, 2);
  expect(counts.summary().count).toBe(2);
  counts.add(5, 4);
  expect(counts.summary()).toEqual({ count: 6, p50: 5, p99: 5, max: 5 });
});

/** Expects a percentile that is at most 6 % too low. */
function expectClose(found: number, exact: number): void {
  expect(found).toBeLessThanOrEqual(exact);
  expect(found).toBeGreaterThan(exact * 0.94);
}
