// Tests which refusals by rates are remembered, and for how long.

import { expect, test } from 'vitest';
import { RateMemory } from '../../../../../server/http/request/keys/rate-memory.ts';
import type { LimitRefusal, LimitScope } from '../../../../../server/ipc/limits.ts';

const scope: LimitScope = { id: 'key|web', of: 'key', rates: { callsPerMinute: 5, tokensPerMinute: 9 } };
const rates = { calls: { limit: 5, left: 0, resetMs: 50_000 } };
const refusal: LimitRefusal = { kind: 'beyond', scope, rate: 'calls', waitMs: 20_000, rates };

test('a refusal holds until the store would have room, and says what is left of the wait', () => {
  const memory = new RateMemory();
  memory.keep(refusal, 1000);
  const aged = { waitMs: 15_000, rates: { calls: { limit: 5, left: 0, resetMs: 45_000 } } };
  expect(memory.find([{ id: 'key|a', of: 'key' }, scope], 'calls', 6000)).toEqual({ ...refusal, ...aged });
  expect(memory.find([scope], 'sessions', 6000)).toBeUndefined();
  expect(memory.find([{ ...scope, id: 'key|other' }], 'calls', 6000)).toBeUndefined();
  expect(memory.find([scope], 'calls', 21_000)).toBeUndefined();
});

test('a refusal by a rate that was changed since then holds no longer', () => {
  const memory = new RateMemory();
  memory.keep(refusal, 1000);
  expect(memory.find([{ ...scope, rates: { callsPerMinute: 6 } }], 'calls', 2000)).toBeUndefined();
});

test('refusals for tokens, which are given back, and for places are not remembered', () => {
  const memory = new RateMemory();
  memory.keep({ ...refusal, rate: 'tokens' }, 1000);
  memory.keep({ kind: 'full', scope }, 1000);
  expect(memory.find([scope], 'calls', 2000)).toBeUndefined();
});
