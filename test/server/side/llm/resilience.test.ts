// The guard of a target: what makes it unavailable, and for how long.

import { bulkhead } from 'cockatiel';
import { describe, expect, test } from 'vitest';
import { LlmFailure, type LlmFailureCode } from '../../../../adapters/llm/contract.ts';
import { createCircuit, createGuard } from '../../../../server/side/llm/resilience.ts';

const never = new AbortController().signal;
const guardOf = (more: { concurrency?: number; queue?: number; timeoutMs?: number } = {}) => {
  const { concurrency = 8, queue = 8, timeoutMs = 10_000 } = more;
  const gate = createCircuit({ failures: 3, pauseMs: 10_000 });
  return createGuard({ circuit: gate, bulkhead: bulkhead(concurrency, queue), timeoutMs });
};
const failWith = (code: LlmFailureCode) => () => Promise.reject(new LlmFailure(code, 'scripted'));

describe('the circuit', () => {
  test('opens after failures in a row, and for a limited time', async () => {
    for (const code of ['unavailable', 'timeout', 'garbled', 'credential'] as const) {
      const guard = guardOf();
      for (let count = 0; count < 3; count++) {
        expect(guard.unavailable(Date.now())).toBeUndefined();
        await expect(guard.run(failWith(code), never)).rejects.toThrow('scripted');
      }
      expect(guard.unavailable(Date.now())?.reason).toBe('broken');
      expect(guard.unavailable(Date.now() + 20_000)).toBeUndefined();
    }
  });

  test('stays closed when requests are refused, when the target is busy, and when an answer lies between the failures', async () => {
    for (const code of ['invalid', 'limited', 'unsupported'] as const) {
      const guard = guardOf();
      for (let count = 0; count < 5; count++) await expect(guard.run(failWith(code), never)).rejects.toThrow();
      expect(guard.unavailable(Date.now())).toBeUndefined();
    }
    const guard = guardOf();
    for (const work of [failWith('timeout'), failWith('timeout'), async () => 1, failWith('timeout')])
      await guard.run(work, never).catch(() => undefined);
    expect(guard.unavailable(Date.now())).toBeUndefined();
  });
});

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
  const running = guard.run(work, never);
  const leaving = new AbortController();
  const waiting = guard.run(work, leaving.signal);
  expect(guard.unavailable(Date.now())?.reason).toBe('full');
  leaving.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  release?.();
  await running;
  expect(guard.unavailable(Date.now())).toBeUndefined();
});

test('the signal of the work is aborted at the timeout', async () => {
  const guard = guardOf({ timeoutMs: 10 });
  const aborted = guard.run(
    (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('aborted'))),
    never,
  );
  expect(await aborted).toBe('aborted');
});
