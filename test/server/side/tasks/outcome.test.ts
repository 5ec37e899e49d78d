// Tests what becomes of tasks whose runs fail.

import { describe, expect, test } from 'vitest';
import { RETRY_POLICY, wait } from '../../../../server/side/tasks/outcome.ts';
import { failed } from '../../../support/plain-router.ts';
import { runnerBench as bench, good } from '../../../support/runner-bench.ts';
import { queuedTask } from '../../../support/task-records.ts';
import { until } from '../../../support/until.ts';

const outage = () => failed('upstream_failed', 502, { isOutage: true, message: 'no connection (ECONNREFUSED)' });

describe('an outage', () => {
  test('counts no attempt, and the tasks run when it is over', async () => {
    const { store, run, settled } = await bench();
    await store.addTask(queuedTask());
    let runs = 0;
    run({ before: () => (++runs > 6 ? undefined : outage()) });
    expect(await settled()).toMatchObject({ state: 'done', attempts: 1 });
    expect(runs).toBe(7);
  });

  test('ends a task that has become too old for it', async () => {
    const settings = { tasks: [{ kind: 'title', class: 'plain', maxAttempts: 1, giveUpMs: 60_000 }] };
    const { store, run, settled } = await bench(undefined, settings);
    await store.addTask(queuedTask({ id: 'old', dueAt: Date.now() - 60_000 }));
    await store.addTask(queuedTask({ id: 'young' }));
    run({ before: outage });
    expect(await settled('old')).toMatchObject({
      state: 'dead',
      error: expect.stringMatching(/^upstream_failed: .*\(given up after 60000 ms\)$/),
    });
    const waiting = await until(async () => {
      const young = await store.task('young');
      return young?.error !== undefined && young.state === 'queued' && young;
    });
    expect(waiting.attempts).toBe(0);
  });

  test('pauses at most a minute between two runs', () => {
    const budget = { maxAttempts: 8, giveUpMs: 86_400_000, policy: RETRY_POLICY, now: 1000 };
    const task = queuedTask({ version: 500, attempts: 1, dueAt: 0 });
    const outcome = wait(task, 'upstream_failed', budget);
    expect(outcome).toMatchObject({ state: 'queued', isReturned: true });
    expect('runAt' in outcome && outcome.runAt).toBeLessThanOrEqual(61_000);
  });
});

describe('faults', () => {
  test('faults that may pass are tried again, until the task is dead', async () => {
    const { store, run, settled, gateway } = await bench({ behaviour: { status: 503 } });
    await store.addTask(queuedTask());
    run();
    expect(await settled()).toMatchObject({
      state: 'dead',
      attempts: 3,
      error: expect.stringMatching(/^upstream_failed/),
    });
    expect(gateway.count.requests).toBe(3);
  });

  test('a dead task that is put back runs again', async () => {
    const { store, run, settled, gateway } = await bench({ behaviour: { status: 503 } });
    await store.addTask(queuedTask());
    const runner = run();
    await settled();
    gateway.change({ behaviour: { text: good } });
    expect(await store.requeueTask('task-1', Date.now())).toBe(true);
    runner.wake();
    expect(await settled()).toMatchObject({ state: 'done' });
  });

  test('a refusal by policy fails the task at once', async () => {
    const { store, run, settled } = await bench();
    await store.addTask(queuedTask({ dataClass: 'regulated' }));
    run({ before: () => failed('policy_refused', 403, { isTransient: false, message: 'no direct target' }) });
    expect(await settled()).toMatchObject({ state: 'failed', attempts: 1, error: 'policy_refused: no direct target' });
  });

  test('a pause that the endpoint asks for is kept, up to a bound', async () => {
    const { store, run } = await bench();
    await store.addTask(queuedTask());
    const before = () => failed('rate_limited', 429, { retryAfterMs: 10 * 60 * 60_000 });
    run({ before });
    const task = await until(async () => {
      const waiting = await store.task('task-1');
      return waiting?.error !== undefined && waiting;
    });
    expect(task.state).toBe('queued');
    expect(task.runAt - task.updatedAt).toBeGreaterThan(RETRY_POLICY.maxRetryAfterMs - 5000);
    expect(task.runAt - task.updatedAt).toBeLessThanOrEqual(RETRY_POLICY.maxRetryAfterMs);
  });

  test('a task waits for a budget that resets soon, and for no other', async () => {
    const { store, run, settled } = await bench();
    const now = Date.now();
    await store.addTask(queuedTask({ id: 'soon', createdAt: now, kind: 'title' }));
    await store.addTask(queuedTask({ id: 'late', createdAt: now, kind: 'title' }));
    const resets = { soon: now + 3_600_000, late: now + 30 * 24 * 3_600_000 };
    run({
      before: ({ task }) =>
        failed('budget_exceeded', 402, { isTransient: false, resetsAt: resets[task as keyof typeof resets] }),
    });
    expect(await settled('late')).toMatchObject({ state: 'failed', error: expect.stringMatching(/^budget_exceeded/) });
    const soon = await until(async () => {
      const waiting = await store.task('soon');
      return waiting?.error !== undefined && waiting;
    });
    expect(soon.state).toBe('queued');
    expect(soon.runAt).toBeGreaterThanOrEqual(resets.soon);
  });

  test('a task waits, and counts no attempt, while only reservations of a budget are in its way', async () => {
    const { store, run, settled } = await bench({ behaviour: { text: good } });
    await store.addTask(queuedTask());
    let asked = 0;
    const before = () => {
      asked++;
      return asked < 5 ? failed('budget_reserved', 429, { retryAfterMs: 20, isOutage: true }) : undefined;
    };
    run({ before });
    expect(await settled()).toMatchObject({ state: 'done', attempts: 1 });
  });

  test('a run ends at its deadline', async () => {
    const settings = { tasks: [{ kind: 'title', class: 'plain', maxAttempts: 1, deadlineMs: 50 }] };
    const { store, run, settled } = await bench({ behaviour: { hang: 'idle' } }, settings);
    await store.addTask(queuedTask());
    run();
    expect(await settled()).toMatchObject({ state: 'dead', error: 'deadline: no result within 50 ms' });
  });

  test('a task that takes its process with it every time ends dead', async () => {
    const { store, run, settled, gateway } = await bench();
    await store.addTask(queuedTask({ attempts: 3, state: 'running', leaseUntil: 1, version: 3 }));
    run();
    expect(await settled()).toMatchObject({ state: 'dead', attempts: 4, error: expect.stringMatching(/^runner_lost/) });
    expect(gateway.count.requests).toBe(0);
  });
});
