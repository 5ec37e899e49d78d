// The guard of a target: what makes it unavailable, and for how long.

import { setTimeout as delay } from 'node:timers/promises';
import { bulkhead } from 'cockatiel';
import { expect, test } from 'vitest';
import { Circuit } from '../../../../../server/side/llm/send/circuit.ts';
import { createGuard } from '../../../../../server/side/llm/send/resilience.ts';

const never = new AbortController().signal;
const caller = { key: 'demo', signal: never };
const guardOf = (more: { concurrency?: number; queue?: number; timeoutMs?: number } = {}) => {
  const { concurrency = 8, queue = 8, timeoutMs = 10_000 } = more;
  return createGuard({ circuit: new Circuit(), bulkhead: bulkhead(concurrency, queue), timeoutMs });
};

test('a limit keeps calls away until it is over, and a shorter one does not end it', () => {
  const guard = guardOf();
  guard.limit(5000);
  guard.limit(3000);
  expect(guard.unavailable(4000)).toEqual({ reason: 'limited', retryAfterMs: 1000 });
  expect(guard.unavailable(5000)).toBeUndefined();
});

test('a target whose slots and queue are taken is unavailable at once', async () => {
  const guard = guardOf({ concurrency: 1, queue: 1 });
  let release: (() => void) | undefined;
  const work = () => new Promise<void>((resolve) => (release = resolve));
  const running = guard.run(work, caller);
  const leaving = new AbortController();
  const waiting = guard.run(work, { key: 'demo', signal: leaving.signal });
  expect(guard.unavailable(Date.now())?.reason).toBe('full');
  leaving.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  release?.();
  await running;
  expect(guard.unavailable(Date.now())).toBeUndefined();
});

test('the signal of the work is aborted after a silence, and not while something is heard', async () => {
  const guard = guardOf({ timeoutMs: 400 });
  let heardMs = 0;
  const aborted = guard.run(async ({ signal, heard }) => {
    const startedAt = performance.now();
    for (let count = 0; count < 8; count++) {
      await delay(100);
      heard();
    }
    heardMs = performance.now() - startedAt;
    expect(signal.aborted).toBe(false);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    throw signal.reason;
  }, caller);
  await expect(aborted).rejects.toThrow('nothing came for 400 ms');
  expect(heardMs).toBeGreaterThan(400);
});
