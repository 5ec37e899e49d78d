// Polls of watched sessions: one for each session, however many listen, and none when nobody does.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type SessionSnapshot, watchSessions } from '../../../../../server/side/http/session/watch.ts';
import { createFakeStore, storedSession } from '../../../../support/fake-store.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('listeners of one session share its polls, each sees all of them, and nobody polls when all are gone', async () => {
  const store = createFakeStore();
  store.rows.sessions.push(storedSession({ id: 'a' }));
  const watch = watchSessions(store, { pollMs: 100 });
  const seen: (SessionSnapshot | undefined)[][] = [[], []];
  const leave = seen.map((sights) => watch.listen('a', (sight) => sights.push(sight)));
  await vi.advanceTimersByTimeAsync(250);
  expect(store.looks.sessions).toBe(3);
  expect(seen.map(({ length }) => length)).toEqual([3, 3]);
  leave[0]?.();
  leave[0]?.();
  await vi.advanceTimersByTimeAsync(100);
  expect(seen.map(({ length }) => length)).toEqual([3, 4]);
  leave[1]?.();
  await vi.advanceTimersByTimeAsync(1000);
  expect(store.looks.sessions).toBe(4);
  expect(vi.getTimerCount()).toBe(0);
});

test('a session that is left and watched again in the middle of a poll is polled on', async () => {
  const store = createFakeStore();
  const watch = watchSessions(store, { pollMs: 100 });
  watch.listen('a', () => {})();
  let sights = 0;
  const leave = watch.listen('a', () => {
    sights += 1;
  });
  await vi.advanceTimersByTimeAsync(250);
  expect(sights).toBeGreaterThanOrEqual(3);
  leave();
  await vi.advanceTimersByTimeAsync(250);
  expect(vi.getTimerCount()).toBe(0);
});
