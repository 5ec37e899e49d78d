// Weighted choice: shares, and that they hold still.

import { expect, test } from 'vitest';
import { type Weighted, weightedOrder } from '../../../../../server/side/llm/order/weighted.ts';

const keys = Array.from({ length: 4000 }, (_, at) => `caller-${at}`);
const firsts = (targets: readonly Weighted[]) => keys.map((key) => weightedOrder(targets, key)[0]?.label);
const share = (labels: readonly (string | undefined)[], label: string) =>
  labels.filter((one) => one === label).length / labels.length;

test('targets are first in proportion to their weights, and the same key gets the same order', () => {
  const targets = [
    { label: 'router/small', weight: 95 },
    { label: 'router/new', weight: 5 },
  ];
  const drawn = firsts(targets);
  expect(share(drawn, 'router/new')).toBeGreaterThan(0.035);
  expect(share(drawn, 'router/new')).toBeLessThan(0.065);
  expect(firsts(targets)).toEqual(drawn);
  expect(firsts([...targets].reverse())).toEqual(drawn);
});

test('a canary that grows takes callers from the others, and gives none of its own back', () => {
  const before = firsts([
    { label: 'a', weight: 90 },
    { label: 'b', weight: 5 },
    { label: 'new', weight: 5 },
  ]);
  const after = firsts([
    { label: 'a', weight: 90 },
    { label: 'b', weight: 5 },
    { label: 'new', weight: 30 },
  ]);
  expect(share(after, 'new')).toBeGreaterThan(0.2);
  for (const [at, label] of before.entries()) if (after[at] !== label) expect(after[at]).toBe('new');
});

test('targets without a weight come after all others, as they are', () => {
  const targets = [{ label: 'last' }, { label: 'a', weight: 1 }, { label: 'end' }, { label: 'b', weight: 1 }];
  for (const key of keys.slice(0, 50)) {
    const labels = weightedOrder(targets, key).map(({ label }) => label);
    expect(labels.slice(0, 2).sort()).toEqual(['a', 'b']);
    expect(labels.slice(2)).toEqual(['last', 'end']);
  }
});
