// Tests what a flood of one key, or of those beyond a rate, asks of the store.

import { expect, test } from 'vitest';
import { LimitGuard } from '../../../../../server/http/request/keys/limit-guard.ts';
import type { LimitRefusal, LimitScope } from '../../../../../server/ipc/limits.ts';

const scope: LimitScope = { id: 'key|web', of: 'key', rates: { callsPerMinute: 5 } };
const beyond: LimitRefusal = { kind: 'beyond', scope, rate: 'calls', waitMs: 60_000, rates: {} };

test('a few questions of a key are with the store at once', async () => {
  const guard = new LimitGuard('calls');
  let [open, most] = [0, 0];
  const ask = async () => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setImmediate(resolve));
    open -= 1;
    return 'granted' as const;
  };
  const answers = await Promise.all(Array.from({ length: 20 }, () => guard.run<'granted'>([scope], ask)));
  expect(answers).toEqual(Array(20).fill('granted'));
  expect(most).toBe(4);
});

test('once a scope is beyond its rate the store is not asked again, and other scopes are', async () => {
  const guard = new LimitGuard('calls');
  let asked = 0;
  const ask = async () => {
    asked += 1;
    return beyond;
  };
  for (let time = 0; time < 5; time++) expect(await guard.run([scope], ask)).toMatchObject({ kind: 'beyond' });
  expect(asked).toBe(1);
  await guard.run([{ ...scope, id: 'key|other' }], ask);
  expect(asked).toBe(2);
});

test('a question that fails is told, and the next one is asked', async () => {
  const guard = new LimitGuard('sessions');
  const away = () => Promise.reject(new Error('away'));
  await expect(guard.run([scope], away)).rejects.toThrow('away');
  expect(await guard.run<'granted'>([scope], async () => 'granted')).toBe('granted');
});
