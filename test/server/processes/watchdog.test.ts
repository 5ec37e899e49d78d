// The watchdog of a process: it answers, it is gone, it hangs.

import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isHung } from '../../../server/processes/watchdog.ts';
import { openSocketPair } from '../../support/socket-pair.ts';

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

test('does not report a process whose answer came while this one stood still', async () => {
  const { near, far } = await openSocketPair({ near: 'accepted' });
  const answer = (): Promise<unknown> => {
    far.once('data', () => {
      far.write('answer');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    });
    near.write('pulse');
    return once(near, 'data');
  };
  expect(await isHung(answering([answer, answer]), 100)).toBe(false);
  near.destroy();
  far.destroy();
});
