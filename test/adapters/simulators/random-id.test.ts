// The form of random ids.

import { expect, test } from 'vitest';
import { createId } from '../../../adapters/simulators/random-id.ts';

test('ids have their prefix, their length and only letters and digits', () => {
  const ids = Array.from({ length: 100 }, () => createId('item_'));
  expect(ids.every((id) => /^item_[A-Za-z0-9]{21}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(100);
});
