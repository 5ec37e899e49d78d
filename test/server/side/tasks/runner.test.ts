// Tests the runner on a real store, with a scripted LLM gateway behind it.

import { describe, expect, test } from 'vitest';
import type { Call } from '../../../../server/side/llm/call.ts';
import { type Store, StoreError } from '../../../../server/side/store/contract/store.ts';
import { ARMED_AT } from '../../../../server/side/tasks/plan.ts';
import type { LlmGatewayOptions } from '../../../support/llm-gateway.ts';
import { runnerBench as bench, good } from '../../../support/runner-bench.ts';
import { queuedTask } from '../../../support/task-records.ts';
import { until } from '../../../support/until.ts';

describe('a task', () => {
  test('a task gets its result, valid at first', async () => {
    const { store, run, settled, lines } = await bench();
    await store.addTask(queuedTask());
    run();
    expect(await settled()).toMatchObject({
      state: 'done',
      result: good,
      quality: 'valid',
      attempts: 1,
      error: undefined,
    });
    expect(lines.join('')).toContain('"state":"done"');
    expect(lines.join('')).not.toMatch(/booking/);
  });

  test('a task whose answer does not fit is repaired once, and says so', async () => {
    const script: LlmGatewayOptions = { script: ({ number }) => ({ text: number === 1 ? '{"titel":"x"}' : good }) };
    const { store, run, settled, gateway } = await bench(script);
    await store.addTask(queuedTask());
    run();
    expect(await settled()).toMatchObject({ state: 'done', result: good, quality: 'repaired', attempts: 1 });
    const { messages } = gateway.seen[1]?.body ?? {};
    expect(messages.slice(2)).toEqual([
      { role: 'assistant', content: '{"titel":"x"}' },
      { role: 'user', content: expect.stringMatching(/does not fit: .*title/) },
    ]);
  });

  test('a task whose repaired answer does not fit either fails, and is not paid for again', async () => {
    const { store, run, settled, gateway } = await bench({ behaviour: { text: 'I would rather not.' } });
    await store.addTask(queuedTask());
    run();
    expect(await settled()).toMatchObject({
      state: 'failed',
      quality: 'failed',
      error: expect.stringMatching(/^invalid_answer/),
    });
    expect(gateway.count.requests).toBe(2);
  });

  test('the repair says that the answer was cut off', async () => {
    const script: LlmGatewayOptions = {
      script: ({ number }) => (number === 1 ? { text: '{"ti', finish: 'length' } : { text: good }),
    };
    const { store, run, settled, gateway } = await bench(script);
    await store.addTask(queuedTask());
    run();
    await settled();
    expect(gateway.seen[1]?.body.messages.at(-1).content).toContain('it was cut off');
  });

  test('a task without a session is for the one whom its input names, and so is the score of its result', async () => {
    const scorer = { kind: 'quality', class: 'plain', of: ['title'] };
    const { store, run, settled } = await bench(
      { behaviour: { text: good } },
      {
        tasks: [{ kind: 'title', class: 'plain' }, scorer],
      },
    );
    const asked: Pick<Call, 'endUser' | 'tags'>[] = [];
    const input = JSON.stringify({ text: 'Hello', endUser: 'ann', tags: { shop: 'a' } });
    await store.addTask(queuedTask({ session: undefined, input }));
    run({ before: ({ endUser, tags }) => void asked.push({ endUser, tags }) });
    await settled();
    await settled('task-1.quality');
    expect(asked.length).toBeGreaterThan(1);
    for (const one of asked) expect(one).toEqual({ endUser: 'ann', tags: { shop: 'a' } });
  });

  test('a task without text fails, and calls no endpoint', async () => {
    const { store, run, settled, gateway } = await bench();
    await store.addTask(queuedTask({ session: 'session-1', input: undefined }));
    run();
    expect(await settled()).toMatchObject({ state: 'failed', attempts: 1, error: expect.stringMatching(/^no_text/) });
    expect(gateway.count.requests).toBe(0);
  });

  test('a task whose input cannot be read fails', async () => {
    const { store, run, settled } = await bench();
    await store.addTask(queuedTask({ input: '{"x":' }));
    run();
    expect(await settled()).toMatchObject({ state: 'failed', error: expect.stringMatching(/^invalid_task/) });
  });

  test('a task of a kind that is not configured any more fails and says what is missing', async () => {
    const { store, run, settled } = await bench();
    await store.addTask(queuedTask({ kind: 'gone' }));
    run();
    expect(await settled()).toMatchObject({ state: 'failed', error: expect.stringMatching(/^invalid_task: prompt/) });
  });

  test('an armed task waits', async () => {
    const { store, run, settled } = await bench();
    await store.addTask(queuedTask({ id: 'armed', runAt: ARMED_AT }));
    await store.addTask(queuedTask());
    run();
    await settled();
    expect(await store.task('armed')).toMatchObject({ state: 'queued', attempts: 0 });
  });
});

describe('running', () => {
  test('the runner runs a bounded number of tasks at once', async () => {
    const { store, run, gateway } = await bench(
      { behaviour: { text: good, delayMs: 20 } },
      { side: { pollMs: 20, concurrency: 3 } },
    );
    for (let number = 0; number < 20; number++) await store.addTask(queuedTask({ id: `task-${number}` }));
    run();
    await until(async () => (await store.tasks({ state: 'done', limit: 100 })).length === 20);
    expect(gateway.count.mostOpen).toBe(3);
  });

  test('a task that is waited for runs at once, though the limit is reached', async () => {
    const { store, run, gateway } = await bench(
      { behaviour: { hang: 'idle' } },
      { side: { pollMs: 20, concurrency: 1 } },
    );
    await store.addTask(queuedTask({ id: 'slow' }));
    const runner = run();
    await until(() => gateway.count.requests === 1);
    gateway.change({ behaviour: { text: good } });
    await store.addTask(queuedTask({ id: 'waiting', runAt: 1, kind: 'title' }));
    await store.addTask(queuedTask({ id: 'urgent', runAt: 0 }));
    expect(await runner.run('urgent', new AbortController().signal)).toMatchObject({ state: 'done', result: good });
    expect(await store.task('waiting')).toMatchObject({ state: 'queued' });
  });

  test('a task that is waited for goes on when nobody waits any more', async () => {
    const { store, run, settled, gateway } = await bench({ behaviour: { hang: 'idle' } });
    await store.addTask(queuedTask());
    const runner = run({ isBackground: true });
    const control = new AbortController();
    const running = runner.run('task-1', control.signal);
    await until(() => gateway.count.requests === 1);
    control.abort();
    expect(await running).toMatchObject({ state: 'running' });
    gateway.change({ behaviour: { text: good } });
    await runner.close(50);
    run();
    expect(await settled()).toMatchObject({ state: 'done' });
  });

  test('running a task that does not exist gives undefined', async () => {
    const { run } = await bench();
    expect(await run().run('nobody', new AbortController().signal)).toBeUndefined();
  });

  test('a runner without a background claims nothing, and waits for the results of others', async () => {
    const { store, run, gateway } = await bench();
    await store.addTask(queuedTask());
    const waiting = run({ isBackground: false }).run('task-1', new AbortController().signal);
    expect(gateway.count.requests).toBe(0);
    run();
    expect(await waiting).toMatchObject({ state: 'done' });
  });

  test('closing gives running tasks back at once', async () => {
    const { store, run, gateway } = await bench({ behaviour: { hang: 'idle' } });
    await store.addTask(queuedTask());
    const runner = run();
    await until(() => gateway.count.requests === 1);
    await runner.close(20);
    const task = await store.task('task-1');
    expect(task).toMatchObject({ state: 'queued', leaseUntil: undefined, error: expect.stringMatching(/^given_back/) });
    expect(task?.runAt).toBeLessThanOrEqual(Date.now());
  });

  test('closing again with a shorter grace gives running tasks back sooner', async () => {
    const { store, run, gateway } = await bench({ behaviour: { hang: 'idle' } });
    await store.addTask(queuedTask());
    const runner = run();
    await until(() => gateway.count.requests === 1);
    const patient = runner.close(600_000);
    await runner.close(20);
    await patient;
    expect(await store.task('task-1')).toMatchObject({ state: 'queued', error: expect.stringMatching(/^given_back/) });
  });

  test('an attempt that closing broke off does not count, also where only one is allowed', async () => {
    const script: LlmGatewayOptions = { script: ({ number }) => (number === 1 ? { hang: 'idle' } : { text: good }) };
    const once = { tasks: [{ kind: 'title', class: 'plain', maxAttempts: 1 }] };
    const { store, run, settled, gateway } = await bench(script, once);
    await store.addTask(queuedTask());
    const runner = run();
    await until(() => gateway.count.requests === 1);
    await runner.close(20);
    run();
    expect(await settled()).toMatchObject({ state: 'done', attempts: 1 });
  });

  test('the runner goes on when a store was away for a moment', async () => {
    const { store, run, settled } = await bench();
    let calls = 0;
    const flaky: Store = {
      ...store,
      async claimTasks(...input) {
        if (calls++ < 3) throw new StoreError('store_unavailable', undefined);
        return store.claimTasks(...input);
      },
    };
    await store.addTask(queuedTask());
    run({ store: flaky });
    expect(await settled()).toMatchObject({ state: 'done' });
  });
});
