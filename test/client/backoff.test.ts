// Pauses that grow, and end.

import { expect, test } from 'vitest';
import { Backoff } from '../../client/index.ts';

test('pauses about double up to the longest one, and begin anew after a success', () => {
  const backoff = new Backoff({ firstMs: 100, mostMs: 350 });
  const around = (ms: number, pauseMs = 0) =>
    Number.isInteger(pauseMs) && pauseMs >= Math.floor(ms * 0.75) && pauseMs <= Math.ceil(ms * 1.25);
  for (const ms of [100, 200, 350, 350]) expect(backoff.next()).toSatisfy((pauseMs) => around(ms, pauseMs));
  backoff.succeeded();
  expect(backoff.next()).toSatisfy((pauseMs) => around(100, pauseMs));
});

test('a pause is as long as the gateway asks for, and there is none that would end too late', () => {
  const backoff = new Backoff({ firstMs: 1, giveUpMs: 5000 });
  expect(backoff.next(3000)).toBe(3000);
  expect(backoff.next(6000)).toBeUndefined();
});
