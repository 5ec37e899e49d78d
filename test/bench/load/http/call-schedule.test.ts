// The schedule of calls: at their rate, at another place in each slot, the same for the same seed.

import { expect, test } from 'vitest';
import { callCount, callSchedule } from '../../../../bench/load/http/call-schedule.ts';

const offsets = (seed: number, count = 1000): number[] => {
  const offsetOf = callSchedule(200, seed);
  return Array.from({ length: count }, (_, index) => offsetOf(index));
};

test('each call has its slot, so the rate is kept and the calls stay in order', () => {
  for (const [index, ns] of offsets(1).entries()) {
    expect(ns).toBeGreaterThanOrEqual(index * 5e6);
    expect(ns).toBeLessThan((index + 1) * 5e6);
  }
});

test('places in the slots are spread over all milliseconds, so that timers favour nobody', () => {
  const inSlot = offsets(1).map((ns) => Math.floor((ns % 5e6) / 1e6));
  for (const ms of [0, 1, 2, 3, 4]) expect(inSlot.filter((value) => value === ms).length).toBeGreaterThan(120);
});

test('a seed gives the same schedule to all contenders, and another one another', () => {
  expect(offsets(7)).toEqual(offsets(7));
  expect(offsets(7)).not.toEqual(offsets(8));
});

test('there are as many calls as fit into the time', () => {
  expect(callCount(1250, 200)).toBe(250);
});
