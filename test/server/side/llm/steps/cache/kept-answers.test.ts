// Tests the bounds of answers that are kept: their time, their bytes and their number.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type KeptAnswer, KeptAnswers } from '../../../../../../server/side/llm/steps/cache/kept-answers.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const answerOf = (text: string, bytes = 10): KeptAnswer => ({
  ...{ text, served: 'm', provider: undefined, finish: 'stop' },
  ...{ body: Buffer.alloc(bytes), row: { key: 'app' } as KeptAnswer['row'], savedMicroUsd: 1 },
});

const keptFor = (ttlMs: number, more: { maxBytes?: number; maxAnswers?: number } = {}) =>
  new KeptAnswers({ ttlMs, maxBytes: 1_000_000, maxAnswers: 100, ...more });

test('An answer is found with its age until its time is over, and then its text is gone without being asked for.', () => {
  const kept = keptFor(60_000);
  kept.keep('a', answerOf('one'));
  vi.advanceTimersByTime(30_000);
  kept.keep('b', answerOf('two'));
  expect(kept.get('a')).toMatchObject({ ageMs: 30_000, answer: { text: 'one' } });
  vi.advanceTimersByTime(30_000);
  expect([kept.get('a'), kept.get('b')?.ageMs, kept.count]).toEqual([undefined, 30_000, 1]);
  vi.advanceTimersByTime(30_000);
  expect([kept.get('b'), kept.count, kept.bytes]).toEqual([undefined, 0, 0]);
});

test('An answer that takes the place of another is kept from then on.', () => {
  const kept = keptFor(60_000);
  kept.keep('a', answerOf('old'));
  vi.advanceTimersByTime(40_000);
  kept.keep('a', answerOf('new'));
  vi.advanceTimersByTime(40_000);
  expect(kept.get('a')).toMatchObject({ ageMs: 40_000, answer: { text: 'new' } });
  expect(kept.count).toBe(1);
});

test('A caller that wants a younger one gets none.', () => {
  const kept = keptFor(60_000);
  kept.keep('a', answerOf('one'));
  vi.advanceTimersByTime(5000);
  expect(kept.get('a', 4000)).toBeUndefined();
  expect(kept.get('a', 5000)?.ageMs).toBe(5000);
});

test('The oldest make room where there are too many bytes, or too many answers.', () => {
  const bytes = keptFor(60_000, { maxBytes: 40_000 });
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']) bytes.keep(key, answerOf('', 2900));
  expect([bytes.get('a'), bytes.get('b'), bytes.count]).toEqual([undefined, undefined, 8]);
  expect(bytes.bytes).toBeLessThanOrEqual(40_000);
  const many = keptFor(60_000, { maxAnswers: 2 });
  for (const key of ['a', 'b', 'c']) many.keep(key, answerOf(key));
  expect([many.get('a'), many.count]).toEqual([undefined, 2]);
});

test('An answer of more than an eighth of the bytes is not kept, and drives none out.', () => {
  const kept = keptFor(60_000, { maxBytes: 80_000 });
  kept.keep('a', answerOf('one'));
  kept.keep('b', answerOf('', 9000));
  expect([kept.get('b'), kept.get('a')?.answer.text]).toEqual([undefined, 'one']);
});

test('Answers of keys that are forgotten go, and one that is closed keeps nothing any more.', () => {
  const kept = keptFor(60_000);
  kept.keep('a', answerOf('one'));
  kept.forget(new Set(['web']));
  expect(kept.count).toBe(1);
  kept.forget(new Set(['app']));
  expect([kept.count, kept.bytes]).toEqual([0, 0]);
  kept.close();
  kept.keep('b', answerOf('two'));
  expect([kept.count, vi.getTimerCount()]).toEqual([0, 0]);
});
