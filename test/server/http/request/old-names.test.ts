// Checks that a replaced name is logged once, however often clients use it.

import { expect, test } from 'vitest';
import { oldNameWarner } from '../../../../server/http/request/old-names.ts';

test('warns once for each name', () => {
  const lines: unknown[] = [];
  const warn = oldNameWarner({ warn: (...line: unknown[]) => lines.push(line) });
  warn('trunkline-seed', 'trunkline-continue');
  warn('trunkline-seed', 'trunkline-continue');
  warn('another', 'new');
  expect(lines).toEqual([
    [{ name: 'trunkline-seed', replacement: 'trunkline-continue' }, 'a client uses a name that was replaced'],
    [{ name: 'another', replacement: 'new' }, 'a client uses a name that was replaced'],
  ]);
});
