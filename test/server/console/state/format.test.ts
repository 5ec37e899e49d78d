// Figures written for people.

import { expect, test } from 'vitest';
import {
  formatBytes,
  formatClock,
  formatCount,
  formatMs,
  formatShare,
  formatUs,
  formatUsd,
} from '../../../../server/console/state/format.ts';

test.each([
  [formatMs(Number.NaN), '–'],
  [formatMs(4.26), '4.3 ms'],
  [formatMs(812.4), '812 ms'],
  [formatMs(12_345), '12.3 s'],
  [formatUs(34.4), '34 µs'],
  [formatUs(1520), '1.52 ms'],
  [formatShare(0.0000415), '0.0042 %'],
  [formatShare(0), '0 %'],
  [formatShare(0.000001), '< 0.001 %'],
  [formatBytes(999), '999 B'],
  [formatBytes(12_345), '12.3 kB'],
  [formatClock(61_500), '1:01'],
  [formatUsd(0), '$0'],
  [formatUsd(1), '$0.000001'],
  [formatUsd(45), '$0.000045'],
  [formatUsd(-13_210), '-$0.013'],
  [formatUsd(13_210), '$0.013'],
  [formatUsd(1_234_567_890), '$1,234.57'],
  [formatCount(12_345), '12,345'],
  [formatCount(123_456), '123k'],
  [formatCount(2_340_000), '2.3M'],
])('%s is written as %s', (written, expected) => {
  expect(written).toBe(expected);
});
