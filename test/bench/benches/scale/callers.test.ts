// Tests callers: how many come, and when those who were refused come again.

import { expect, test } from 'vitest';
import { dayCurve, nextTry, poisson, Waiting } from '../../../../bench/benches/scale/callers.ts';
import { randomFrom } from '../../../../bench/figures/statistics.ts';

test('most come at the peak, and the fewest half a day away from it', () => {
  const day = { peakHour: 14, troughShare: 0.2 };
  expect([14, 2, 8, 38].map((hour) => dayCurve(day, hour * 3600))).toEqual(
    [1, 0.2, 0.6, 1].map((at) => expect.closeTo(at)),
  );
});

test.each([0, 0.5, 12, 400])('as many come as do on average: %d', (mean) => {
  const random = randomFrom(1);
  const counts = Array.from({ length: 5000 }, () => poisson(mean, random));
  const average = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - average) ** 2, 0) / counts.length;
  expect(Math.abs(average - mean)).toBeLessThanOrEqual(0.05 * mean);
  expect(Math.abs(variance - mean)).toBeLessThanOrEqual(0.1 * mean);
});

test('pauses of a caller double up to ten seconds and a quarter, and end after two minutes', () => {
  const pauses = (random: number) =>
    Array.from({ length: 8 }, (_, tries) => nextTry({ seconds: 1, tries, since: 0 }, 0, () => random));
  expect(pauses(0)).toEqual([1, 1, 1, 2, 3, 6, 8, 8]);
  expect(pauses(1)).toEqual([1, 1, 2, 3, 5, 10, 13, 13]);
  const late = { seconds: 1, tries: 8, since: 100 };
  expect([nextTry(late, 212, () => 0), nextTry(late, 213, () => 0)]).toEqual([8, undefined]);
});

test('callers wait until their second, and are counted', () => {
  const waiting = new Waiting();
  const callers = [1, 2, 3].map((seconds) => ({ seconds, tries: 0, since: 0 }));
  for (const [index, caller] of callers.entries()) waiting.add(caller, index === 2 ? 9 : 5);
  expect(waiting.count).toBe(3);
  expect([4, 5, 5].map((second) => waiting.take(second))).toEqual([[], callers.slice(0, 2), []]);
  expect(waiting.count).toBe(1);
});
