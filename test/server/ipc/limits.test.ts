// Tests which of several limits counts.

import { expect, test } from 'vitest';
import { tightest } from '../../../server/ipc/limits.ts';

test('the least of the limits that are given counts, and none where none is', () => {
  expect(tightest(3, undefined, 2)).toBe(2);
  expect(tightest(0, 5)).toBe(0);
  expect(tightest(undefined, undefined)).toBeUndefined();
});
