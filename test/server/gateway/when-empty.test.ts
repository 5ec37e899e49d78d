// Checks the promise that resolves once nothing is left.

import { expect, test } from 'vitest';
import { createWhenEmpty } from '../../../server/gateway/when-empty.ts';

test('resolves for all who wait once nothing is left, and not before', async () => {
  let count = 2;
  const vacancy = createWhenEmpty(() => count === 0);
  const told: string[] = [];
  const waits = ['one', 'other'].map((name) => vacancy.wait().then(() => told.push(name)));
  count = 1;
  vacancy.check();
  await Promise.resolve();
  expect(told).toEqual([]);
  count = 0;
  vacancy.check();
  await Promise.all(waits);
  expect(told).toEqual(['one', 'other']);
});

test('resolves at once when nothing is left', async () => {
  await expect(createWhenEmpty(() => true).wait()).resolves.toBeUndefined();
});
