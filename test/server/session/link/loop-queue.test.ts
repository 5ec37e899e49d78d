// The queue for the event loop: its order, and how much of the loop it takes.

import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { loopQueue } from '../../../../server/session/link/loop-queue.ts';
import { until } from '../../../support/until.ts';

test('those that wait are served in order, once, and not those that left', async () => {
  const served: number[] = [];
  const takes = Array.from({ length: 10 }, (_, index) => () => void served.push(index));
  for (const take of takes) loopQueue.wait(take);
  loopQueue.wait(takes[0] as () => void);
  loopQueue.leave(takes[3] as () => void);
  await until(() => served.length === 9);
  expect(served).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9]);
});

test('one that is dear is the last of its time, and the loop goes on before the next', async () => {
  const served: string[] = [];
  const dear = (name: string) => () => {
    served.push(name);
    for (const until = performance.now() + 3; performance.now() < until; );
    setImmediate(() => served.push('the loop'));
  };
  for (const name of ['first', 'second', 'third']) loopQueue.wait(dear(name));
  await until(() => served.length === 6);
  expect(served).toEqual(['first', 'the loop', 'second', 'the loop', 'third', 'the loop']);
});

test('one that comes again while others are served waits for the next time', async () => {
  const served: string[] = [];
  const again = () => {
    served.push('again');
    if (served.length < 4) loopQueue.wait(again);
    setImmediate(() => served.push('the loop'));
  };
  loopQueue.wait(again);
  await until(() => served.length >= 4);
  expect(served.slice(0, 4)).toEqual(['again', 'the loop', 'again', 'the loop']);
});
