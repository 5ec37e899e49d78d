// Schedule of calls: one in each slot of the rate, at a place in it that a seed decides. A strict period would meet the
// milliseconds of timers always at the same place, and one contender would get the good places and another the bad ones.

import { randomFrom } from '../../figures/statistics.ts';

/** Call it with 0, 1, 2, ... in order: nanoseconds from the beginning. The same for the same seed. */
export function callSchedule(perSecond: number, seed: number): (index: number) => number {
  const random = randomFrom(seed);
  const slotNs = 1e9 / perSecond;
  return (index) => (index + random()) * slotNs;
}

/** Calls in that time. */
export const callCount = (ms: number, perSecond: number): number => Math.round((ms * perSecond) / 1000);
