// Tests how durations and moments are read.

import { expect, test } from 'vitest';
import { DURATION, millisecondsOf, momentOf } from '../../../codecs/text/duration.ts';

const DAY = 86_400_000;

test.each([
  ['P30D', 30 * DAY],
  ['P2W', 14 * DAY],
  ['P1DT12H', 1.5 * DAY],
  ['PT90M', DAY / 16],
  ['P0D', 0],
])('%s lasts %i ms', (text, ms) => {
  expect(DURATION.test(text)).toBe(true);
  expect(millisecondsOf(text)).toBe(ms);
});

test.each(['', 'P', 'PT', '30D', 'P30', 'P1M', 'P1Y', 'P-1D', 'P1D ', 'p30d'])('"%s" is no duration', (text) => {
  expect(DURATION.test(text)).toBe(false);
});

test('a moment before all times is one that a date and a database have', () => {
  const longest = `P${'9'.repeat(30)}D`;
  expect(DURATION.test(longest)).toBe(true);
  const now = Date.UTC(2026, 2, 1);
  expect(new Date(momentOf(longest, now) as number).toISOString()).toMatch(/^-/);
  expect(momentOf('PT2H', now)).toBe(now - DAY / 12);
  expect(momentOf('2026-01-31', now)).toBe(Date.UTC(2026, 0, 31));
  expect(momentOf('2026-13-31', now)).toBeUndefined();
});
