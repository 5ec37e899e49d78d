// The store of a controller's state.

import { expect, test } from 'vitest';
import { StateStore } from '../../../../server/console/state/store.ts';

test('a change replaces the value, keeps what it does not name, and is announced', () => {
  const heard: object[] = [];
  const initial = { a: 1, b: 1 };
  const store: StateStore<typeof initial> = new StateStore(initial, () => heard.push(store.get()));
  store.set({ a: 2 });
  expect(heard).toEqual([{ a: 2, b: 1 }]);
  expect(initial).toEqual({ a: 1, b: 1 });
});
