// The watchdog of a process: it answers, it is gone, it hangs.

import { expect, test } from 'vitest';
import { isHung } from '../../../server/processes/watchdog.ts';

const answering = (answers: (() => Promise<unknown>)[]) => ({
  call: <Result>() => (answers.shift() ?? (() => Promise.reject(new Error('gone'))))() as Promise<Result>,
});

test('does not report a process that answers until it is gone', async () => {
  const channel = answering([async () => true, async () => true]);
  expect(await isHung(channel, 50)).toBe(false);
});

test('reports a process that does not answer any more', async () => {
  const channel = answering([async () => true, () => new Promise(() => {})]);
  expect(await isHung(channel, 20)).toBe(true);
});
