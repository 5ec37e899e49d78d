// Watching a process over its channel: it is well, it is gone, it hangs.

import { expect, test } from 'vitest';
import { startWatchdog } from '../../../server/processes/watchdog.ts';

const answering = (answers: (() => Promise<unknown>)[]) => ({
  call: <Result>() => (answers.shift() ?? (() => Promise.reject(new Error('gone'))))() as Promise<Result>,
});

test('one that answers, until it is gone, is left alone', async () => {
  let silent = 0;
  const channel = answering([async () => true, async () => true]);
  await startWatchdog(channel, { silenceMs: 50, onSilent: () => void silent++ });
  expect(silent).toBe(0);
});

test('one that does not answer any more is told of once', async () => {
  let silent = 0;
  const channel = answering([async () => true, () => new Promise(() => {})]);
  await startWatchdog(channel, { silenceMs: 20, onSilent: () => void silent++ });
  expect(silent).toBe(1);
});
