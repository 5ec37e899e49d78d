// The callers and the mock LLM against each other: times, counts, and what is no right answer.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { percentilesMs } from '../../../../bench/figures/histogram.ts';
import type { CallPlan } from '../../../../bench/load/http/caller-process.ts';
import { type Caller, type MockLlm, startCaller, startMockLlm } from '../../../../bench/load/load-processes.ts';

let llm: MockLlm;
let caller: Caller;

beforeAll(async () => {
  llm = await startMockLlm({ pace: { thinkMs: 20, tokens: 4, gapMs: 10 }, models: ['bench', 'other'] });
  caller = startCaller();
});
afterAll(async () => {
  await caller.stop();
  await llm.stop();
});

const calls = (others: Partial<CallPlan> & { isStreamed?: boolean } = {}): CallPlan => {
  const { isStreamed = false, ...rest } = others;
  return {
    url: `http://127.0.0.1:${llm.port}/v1/chat/completions`,
    headers: { authorization: 'Bearer x' },
    body: JSON.stringify({ model: 'bench', messages: [], stream: isStreamed }),
    status: 200,
    ending: isStreamed ? '[DONE]' : '}',
    perSecond: 100,
    connections: 16,
    warmUpMs: 50,
    measureMs: 200,
    isTimed: true,
    seed: 1,
    ...rest,
  };
};

test('a whole answer comes after all of it, and every measured call is counted', async () => {
  await llm.counts();
  const called = await caller.call(calls());
  expect(called).toMatchObject({ calls: 20, callsInAll: 25, answers: 20, unsent: 0, statuses: { 200: 20 } });
  // Timers of Node may be early by the part of a millisecond.
  expect(percentilesMs(called.firstByte).p50).toBeGreaterThanOrEqual(59);
  expect(await llm.counts()).toMatchObject({ requests: 25, answers: 25, failures: 0 });
});

test('the first byte of a streamed answer comes when the endpoint has thought, the last one after all tokens', async () => {
  const called = await caller.call(calls({ isStreamed: true }));
  expect(called.answers).toBe(20);
  const [first, total] = [percentilesMs(called.firstByte), percentilesMs(called.total)];
  // Late is never wrong: the machine may be busy.
  expect(first.p50).toBeGreaterThanOrEqual(19);
  expect(total.p50).toBeGreaterThanOrEqual(45);
  expect(total.p50).toBeGreaterThan(first.p50);
});

test('an answer counts as wrong with another status, another end, or when nobody answers', async () => {
  const other = await caller.call(calls({ ending: 'something else' }));
  expect(other).toMatchObject({ answers: 0, statuses: { 200: 20 } });
  await llm.behave('fails');
  expect(await caller.call(calls())).toMatchObject({ answers: 0, statuses: { 500: 20 } });
  await llm.behave('gone');
  expect(await caller.call(calls())).toMatchObject({ answers: 0, statuses: { 0: 20 } });
  await llm.behave('answers');
  expect((await caller.call(calls())).answers).toBe(20);
});

test('requests that hang are broken off when the endpoint behaves again', async () => {
  await llm.behave('hangs');
  const called = caller.call(calls());
  while ((await llm.counts()).requests === 0);
  await llm.behave('answers');
  const { answers, statuses } = await called;
  expect(answers + (statuses[0] ?? 0)).toBe(20);
});

test('a schedule without an end is stopped on request', async () => {
  const called = caller.call(calls({ warmUpMs: 0, measureMs: 600_000, isTimed: false }));
  await llm.counts();
  while ((await llm.counts()).requests === 0);
  await caller.stopCalling();
  const { calls: made } = await called;
  expect(made).toBeGreaterThan(0);
  expect(made).toBeLessThan(60_000);
});

test('the mock shows its last request and its list of models', async () => {
  await caller.call(calls());
  expect(await llm.lastBody()).toEqual({ model: 'bench', messages: [], stream: false });
  const { data } = await (await fetch(`http://127.0.0.1:${llm.port}/v1/models`)).json();
  expect(data.map(({ id }: { id: string }) => id)).toEqual(['bench', 'other']);
});
