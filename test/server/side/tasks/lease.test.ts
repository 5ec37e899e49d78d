// Tests that a runner without its lease writes nothing, so that results are written once.

import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { type Store, StoreError } from '../../../../server/side/store/contract/store.ts';
import { Runner } from '../../../../server/side/tasks/runner.ts';
import { plainRouter } from '../../../support/plain-router.ts';
import { runnerBench as bench, good } from '../../../support/runner-bench.ts';
import { queuedTask, sideConfig } from '../../../support/task-records.ts';
import { until } from '../../../support/until.ts';

describe('exactly one effect', () => {
  const hooks = { webhooks: [{ url: 'https://example.com/hook', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }] };

  test('a task whose outcome was lost is run again, and its result is written once', async () => {
    const { store, run, settled, gateway } = await bench(undefined, { ...hooks, side: { pollMs: 20, leaseMs: 1500 } });
    let lost = 0;
    const losing: Store = {
      ...store,
      async settleTask(outcome) {
        if (lost++ > 0) return store.settleTask(outcome);
        throw new Error('the process ended here');
      },
    };
    await store.addTask(queuedTask());
    run({ store: losing });
    expect(await settled()).toMatchObject({ state: 'done', attempts: 2 });
    expect(gateway.count.effects).toBe(2);
    expect(await store.claimDeliveries({ now: Date.now(), leaseUntil: Date.now(), count: 10 })).toHaveLength(1);
  });

  test('an outcome whose confirmation was lost is not written twice', async () => {
    const { store, run, settled, gateway } = await bench(undefined, hooks);
    let calls = 0;
    const losing: Store = {
      ...store,
      async settleTask(outcome) {
        const isWritten = await store.settleTask(outcome);
        if (calls++ === 0) throw new StoreError('store_unavailable', undefined);
        return isWritten;
      },
    };
    await store.addTask(queuedTask());
    run({ store: losing });
    await settled();
    await until(() => calls === 2);
    expect(gateway.count.effects).toBe(1);
    expect(await store.claimDeliveries({ now: Date.now(), leaseUntil: Date.now(), count: 10 })).toHaveLength(1);
  });

  test('a runner that lost its lease writes nothing', async () => {
    const { store, run, settled, gateway, lines } = await bench(
      { behaviour: { hang: 'idle' } },
      {
        ...hooks,
        // The second has all the time that it wants: on a busy machine a short lease would run out again and again.
        side: { pollMs: 20, leaseMs: 10_000 },
      },
    );
    // Extensions of its lease never arrive.
    const silent: Store = { ...store, extendTaskLease: () => new Promise(() => {}) };
    await store.addTask(queuedTask());
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const router = plainRouter({ baseUrl: gateway.baseUrl });
    const slow = new Runner({
      config: sideConfig({ ...hooks, side: { leaseMs: 60, pollMs: 1_000_000 } }),
      store: silent,
      log: pino({}, { write: (line: string) => void lines.push(line) }),
      router: {
        ...router,
        async run(call) {
          await held;
          return router.run(call);
        },
      },
    });
    await until(async () => (await store.task('task-1'))?.state === 'running');
    gateway.change({ behaviour: { text: '{"title":"by the second"}' } });
    run();
    const after = await settled();
    expect(after).toMatchObject({ state: 'done', result: '{"title":"by the second"}' });
    expect(after.version).toBeGreaterThanOrEqual(2);
    gateway.change({ behaviour: { text: '{"title":"by the first"}' } });
    release?.();
    await until(() => lines.some((line) => line.includes('the lease of a task was lost')));
    await slow.close(5000);
    await router.close();
    expect(await store.task('task-1')).toEqual(after);
    expect(await store.claimDeliveries({ now: Date.now(), leaseUntil: Date.now(), count: 10 })).toHaveLength(1);
  });

  test('a long run keeps its lease', async () => {
    const { store, run, settled, gateway } = await bench(
      { behaviour: { text: good, delayMs: 400 } },
      {
        side: { pollMs: 20, leaseMs: 150 },
      },
    );
    await store.addTask(queuedTask());
    run();
    expect(await settled()).toMatchObject({ state: 'done', attempts: 1 });
    expect(gateway.count.requests).toBe(1);
  });

  test('a task that failed leaves one message for its webhook', async () => {
    const url = 'https://example.com/hook';
    const settings = { webhooks: [{ url, secret: 'a-secret', events: ['task.failed'] }] };
    const { store, run, settled } = await bench({ behaviour: { text: 'no' } }, settings);
    await store.addTask(queuedTask());
    run();
    await settled();
    const [message, ...more] = await store.claimDeliveries({ now: Date.now(), leaseUntil: Date.now(), count: 10 });
    expect(more).toEqual([]);
    expect(message).toMatchObject({ url, event: 'task.failed' });
    expect(JSON.parse(message?.body ?? '')).toMatchObject({
      type: 'task.failed',
      data: { id: 'task-1', state: 'failed' },
    });
  });
});
