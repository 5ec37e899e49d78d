// The store and its listeners.

import { expect, test } from 'vitest';
import { createStateStore } from '../../../../server/console/state/store.ts';

test('many changes are announced once, and a listener that left is not called', () => {
  const due: (() => void)[] = [];
  const store = createStateStore({ a: 1, b: 1 }, (run) => due.push(run));
  const heard: number[] = [];
  const leave = store.subscribe(() => heard.push(store.get().a));
  store.set({ a: 2 });
  store.set({ a: 3 });
  expect(store.get()).toEqual({ a: 3, b: 1 });
  for (const run of due.splice(0)) run();
  expect(heard).toEqual([3]);
  leave();
  store.set({ a: 4 });
  for (const run of due.splice(0)) run();
  expect(heard).toEqual([3]);
});
