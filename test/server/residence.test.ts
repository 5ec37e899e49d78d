// How long frames stayed: counts, percentiles to a sixteenth, the exact maximum.

import { expect, test } from 'vitest';
import { countResidence } from '../../server/residence.ts';

test('nothing was counted', () => {
  expect(countResidence().summary()).toEqual({ count: 0, p50: 0, p99: 0, max: 0 });
});

test.each([1, 5, 31, 32, 33, 63, 64, 100, 999, 12_345, 1_000_000, 59_999_999])('%i us is found again', (us) => {
  const counts = countResidence();
  counts.add(us, 3);
  const { count, p50, p99, max } = counts.summary();
  expect({ count, max }).toEqual({ count: 3, max: us });
  expect(p50).toBe(p99);
  expect(p50).toBeLessThanOrEqual(us);
  expect(p50).toBeGreaterThan(us * (1 - 1 / 16));
});

test('percentiles are those of the frames, not of the calls', () => {
  const counts = countResidence();
  counts.add(50_000, 1);
  counts.add(100, 98);
  counts.add(20, 1);
  expect(counts.summary().p50).toBe(100);
  expect(counts.summary().p99).toBe(100);
  counts.add(50_000, 2);
  expect(counts.summary().p99).toBeGreaterThan(46_000);
});

test('less than a microsecond counts as one, more than a minute as a minute', () => {
  const counts = countResidence();
  counts.add(0.2, 1);
  expect(counts.summary()).toMatchObject({ p50: 1, max: 1 });
  counts.add(90_000_000, 1);
  expect(counts.summary().max).toBe(60_000_000);
});
