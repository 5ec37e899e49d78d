// The watchdog of a process: it answers, it is gone, it hangs.

import { expect, test } from 'vitest';
import { startWatchdog } from '../../../server/processes/watchdog.ts';

const answering = (answers: (() => Promise<unknown>)[]) => ({
  call: <Result>() => (answers.shift() ?? (() => Promise.reject(new Error('gone'))))() as Promise<Result>,
});

test('does not report a process that answers until it is gone', async () => {
  let silent = 0;
  const channel = answering([async () => true, async () => true]);
  await startWatchdog(channel, { silenceMs: 50, onSilent: () => void silent++ });
  expect(silent).toBe(0);
});

test('reports a process that does not answer any more, once', async () => {
  let silent = 0;
  const channel = answering([async () => true, () => new Promise(() => {})]);
  await startWatchdog(channel, { silenceMs: 20, onSilent: () => void silent++ });
  expect(silent).toBe(1);
});
