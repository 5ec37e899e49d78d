// Time limits of work that cannot be stopped.

import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isTimeout, unlessAborted, withDeadline } from '../../../server/platform/deadline.ts';

const never = new Promise<string>(() => {});

test('settles as the work does when that is in time, and leaves no listener on the signal', async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve('done'), signal)).toBe('done');
  await expect(unlessAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  expect(await withDeadline(Promise.resolve('done'), 60_000)).toBe('done');
});

test('rejects with the reason of the signal when that is aborted, or was aborted before', async () => {
  const controller = new AbortController();
  const waiting = unlessAborted(never, controller.signal);
  controller.abort('gone');
  await expect(waiting).rejects.toBe('gone');
  await expect(unlessAborted(never, controller.signal)).rejects.toBe('gone');
});

test('ignores a failure of the work that comes after the signal was aborted', async () => {
  const late = delay(5).then(() => Promise.reject(new Error('late')));
  await expect(unlessAborted(late, AbortSignal.abort('gone'))).rejects.toBe('gone');
  // An unhandled rejection would fail this suite.
  await delay(20);
});

test('rejects with a timeout error when the time is over', async () => {
  const error: unknown = await withDeadline(never, 5).catch((reason: unknown) => reason);
  expect(isTimeout(error)).toBe(true);
  expect(isTimeout(new Error('broken'))).toBe(false);
});
