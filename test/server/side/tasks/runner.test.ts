// The runner on a real store, with a scripted LLM gateway behind it.

import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import type { Call, Unanswered } from '../../../../server/side/call.ts';
import type { Task } from '../../../../server/side/records.ts';
import { openStore } from '../../../../server/side/store/open.ts';
import { type Store, StoreError } from '../../../../server/side/store/store.ts';
import { ARMED_AT } from '../../../../server/side/tasks/plan.ts';
import { createRunner, type RunnerOptions } from '../../../../server/side/tasks/runner.ts';
import { PATIENCE } from '../../../../server/side/tasks/verdict.ts';
import { type LlmGateway, type LlmGatewayOptions, llmGateway } from '../../../support/llm-gateway.ts';
import { plainRouter, unanswered } from '../../../support/plain-router.ts';
import { queuedTask, sideConfig, storedSession, turn } from '../../../support/task-records.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { until } from '../../../support/until.ts';

const good = '{"title":"Changing a booking"}';
const quick = { ...PATIENCE, firstMs: 5, mostMs: 20 };
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Bench {
  readonly store: Store;
  readonly gateway: LlmGateway;
  readonly lines: string[];
  /** Starts a runner on them. */
  run(
    options?: Partial<RunnerOptions> & { before?: (call: Call) => Unanswered | undefined },
  ): ReturnType<typeof createRunner>;
  /** The task once it is neither queued nor running. */
  settled(id?: string): Promise<Task>;
}

async function bench(script: LlmGatewayOptions = { behaviour: { text: good } }, settings = {}): Promise<Bench> {
  const store = await openStore({ url: 'sqlite', dataDirectory: temporaryFolder('runner') });
  const gateway = await llmGateway(script);
  ends.push(
    () => store.close(),
    () => gateway.close(),
  );
  const config = sideConfig({
    side: { pollMs: 20 },
    tasks: [{ kind: 'title', class: 'plain', maxAttempts: 3 }],
    ...settings,
  });
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  return {
    store,
    gateway,
    lines,
    run({ before, ...options } = {}) {
      const router = plainRouter({ baseUrl: gateway.baseUrl, ...(before ? { before } : {}) });
      const runner = createRunner({ config, store, router, log, patience: quick, ...options });
      ends.push(async () => {
        await runner.close();
        await router.close();
      });
      return runner;
    },
    settled: (id = 'task-1') =>
      until(async () => {
        const task = await store.task(id);
        return task !== undefined && task.state !== 'queued' && task.state !== 'running' && task;
      }),
  };
}

describe('a task', () => {
  test('gets its result, valid at first', async () => {
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

  test('is repaired once when its answer does not fit, and says so', async () => {
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

  test('fails when the repaired answer does not fit either, and is not paid for again', async () => {
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

  test('is told that its answer was cut off', async () => {
    const script: LlmGatewayOptions = {
      script: ({ number }) => (number === 1 ? { text: '{"ti', finish: 'length' } : { text: good }),
    };
    const { store, run, settled, gateway } = await bench(script);
    await store.addTask(queuedTask());
    run();
    await settled();
    expect(gateway.seen[1]?.body.messages.at(-1).content).toContain('it was cut off');
  });

  test('fails without text, and asks nobody', async () => {
    const { store, run, settled, gateway } = await bench();
    await store.addTask(queuedTask({ session: 'session-1', input: undefined }));
    run();
    expect(await settled()).toMatchObject({ state: 'failed', attempts: 1, error: expect.stringMatching(/^no_text/) });
    expect(gateway.count.requests).toBe(0);
  });

  test('of an input that nobody wrote fails', async () => {
    const { store, run, settled } = await bench();
    await store.addTask(queuedTask({ input: '{"x":' }));
    run();
    expect(await settled()).toMatchObject({ state: 'failed', error: expect.stringMatching(/^invalid_task/) });
  });

  test('of a kind that is not configured any more fails and says what is missing', async () => {
    const { store, run, settled } = await bench();
    await store.addTask(queuedTask({ kind: 'gone' }));
    run();
    expect(await settled()).toMatchObject({ state: 'failed', error: expect.stringMatching(/^invalid_task: prompt/) });
  });

  test('waits while it is armed', async () => {
    const { store, run, settled } = await bench();
    await store.addTask(queuedTask({ id: 'armed', runAt: ARMED_AT }));
    await store.addTask(queuedTask());
    run();
    await settled();
    expect(await store.task('armed')).toMatchObject({ state: 'queued', attempts: 0 });
  });
});

describe('faults', () => {
  test('that may pass are tried again, until the task is dead', async () => {
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
    expect(await store.requeue('task-1', Date.now())).toBe(true);
    runner.wake();
    expect(await settled()).toMatchObject({ state: 'done' });
  });

  test('of policy end at once', async () => {
    const { store, run, settled } = await bench();
    await store.addTask(queuedTask({ dataClass: 'regulated' }));
    run({ before: () => unanswered('policy_refused', 403, { isTransient: false, message: 'no direct target' }) });
    expect(await settled()).toMatchObject({ state: 'failed', attempts: 1, error: 'policy_refused: no direct target' });
  });

  test('a pause that is asked for is kept, up to a bound', async () => {
    const { store, run } = await bench();
    await store.addTask(queuedTask());
    const before = () => unanswered('rate_limited', 429, { retryAfterMs: 10 * 60 * 60_000 });
    run({ before });
    const task = await until(async () => {
      const one = await store.task('task-1');
      return one?.error !== undefined && one;
    });
    expect(task.state).toBe('queued');
    expect(task.runAt - task.updatedAt).toBeGreaterThan(PATIENCE.retryAfterMs - 5000);
    expect(task.runAt - task.updatedAt).toBeLessThanOrEqual(PATIENCE.retryAfterMs);
  });

  test('a budget that resets soon is waited for, one that does not is not', async () => {
    const { store, run, settled } = await bench();
    const now = Date.now();
    await store.addTask(queuedTask({ id: 'soon', createdAt: now, kind: 'title' }));
    await store.addTask(queuedTask({ id: 'late', createdAt: now, kind: 'title' }));
    const resets = { soon: now + 3_600_000, late: now + 30 * 24 * 3_600_000 };
    run({
      before: ({ task }) =>
        unanswered('budget_exceeded', 402, { isTransient: false, resetsAt: resets[task as keyof typeof resets] }),
    });
    expect(await settled('late')).toMatchObject({ state: 'failed', error: expect.stringMatching(/^budget_exceeded/) });
    const soon = await until(async () => {
      const one = await store.task('soon');
      return one?.error !== undefined && one;
    });
    expect(soon.state).toBe('queued');
    expect(soon.runAt).toBeGreaterThanOrEqual(resets.soon);
  });

  test('a run has a deadline', async () => {
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
    expect(await store.deliveries(Date.now(), Date.now(), 10)).toHaveLength(1);
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
    expect(await store.deliveries(Date.now(), Date.now(), 10)).toHaveLength(1);
  });

  test('a runner that lost its lease writes nothing', async () => {
    const { store, run, settled, gateway, lines } = await bench(
      { behaviour: { hang: 'idle' } },
      {
        ...hooks,
        side: { pollMs: 20, leaseMs: 60 },
      },
    );
    // Its prolonging never arrives.
    const silent: Store = { ...store, prolong: () => new Promise(() => {}) };
    await store.addTask(queuedTask());
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const router = plainRouter({ baseUrl: gateway.baseUrl });
    const slow = createRunner({
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
    expect(after).toMatchObject({ state: 'done', version: 2, result: '{"title":"by the second"}' });
    gateway.change({ behaviour: { text: '{"title":"by the first"}' } });
    release?.();
    await until(() => lines.some((line) => line.includes('the lease of a task was lost')));
    await slow.close();
    await router.close();
    expect(await store.task('task-1')).toEqual(after);
    expect(await store.deliveries(Date.now(), Date.now(), 10)).toHaveLength(1);
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

  test('a task that failed leaves one message for those who want it', async () => {
    const url = 'https://example.com/hook';
    const settings = { webhooks: [{ url, secret: 'a-secret', events: ['task.failed'] }] };
    const { store, run, settled } = await bench({ behaviour: { text: 'no' } }, settings);
    await store.addTask(queuedTask());
    run();
    await settled();
    const [message, ...more] = await store.deliveries(Date.now(), Date.now(), 10);
    expect(more).toEqual([]);
    expect(message).toMatchObject({ url, event: 'task.failed' });
    expect(JSON.parse(message?.body ?? '')).toMatchObject({
      type: 'task.failed',
      data: { id: 'task-1', state: 'failed' },
    });
  });
});

describe('running', () => {
  test('is bounded', async () => {
    const { store, run, gateway } = await bench(
      { behaviour: { text: good, delayMs: 20 } },
      { side: { pollMs: 20, concurrency: 3 } },
    );
    for (let number = 0; number < 20; number++) await store.addTask(queuedTask({ id: `task-${number}` }));
    run();
    await until(async () => (await store.tasks({ state: 'done', limit: 100 })).length === 20);
    expect(gateway.count.mostOpen).toBe(3);
  });

  test('one now, though all places are taken, gives the task back', async () => {
    const { store, run, gateway } = await bench(
      { behaviour: { hang: 'idle' } },
      { side: { pollMs: 20, concurrency: 1 } },
    );
    await store.addTask(queuedTask({ id: 'slow' }));
    const runner = run({ closeMs: 50 });
    await until(() => gateway.count.requests === 1);
    gateway.change({ behaviour: { text: good } });
    await store.addTask(queuedTask({ id: 'waiting', runAt: 1, kind: 'title' }));
    await store.addTask(queuedTask({ id: 'urgent', runAt: 0 }));
    expect(await runner.run('urgent', new AbortController().signal)).toMatchObject({ state: 'done', result: good });
    expect(await store.task('waiting')).toMatchObject({ state: 'queued' });
  });

  test('one now is left to go on when nobody waits any more', async () => {
    const { store, run, settled, gateway } = await bench({ behaviour: { hang: 'idle' } });
    await store.addTask(queuedTask());
    const runner = run({ isBackground: true, closeMs: 50 });
    const control = new AbortController();
    const running = runner.run('task-1', control.signal);
    await until(() => gateway.count.requests === 1);
    control.abort();
    expect(await running).toMatchObject({ state: 'running' });
    gateway.change({ behaviour: { text: good } });
    await runner.close();
    run();
    expect(await settled()).toMatchObject({ state: 'done' });
  });

  test('one that does not exist gives nothing back', async () => {
    const { run } = await bench();
    expect(await run().run('nobody', new AbortController().signal)).toBeUndefined();
  });

  test('without a background nothing is claimed, and results of others are waited for', async () => {
    const { store, run, gateway } = await bench();
    await store.addTask(queuedTask());
    const waiting = run({ isBackground: false }).run('task-1', new AbortController().signal);
    expect(gateway.count.requests).toBe(0);
    run();
    expect(await waiting).toMatchObject({ state: 'done' });
  });

  test('closing gives tasks back at once', async () => {
    const { store, run, gateway } = await bench({ behaviour: { hang: 'idle' } });
    await store.addTask(queuedTask());
    const runner = run({ closeMs: 20 });
    await until(() => gateway.count.requests === 1);
    await runner.close();
    const task = await store.task('task-1');
    expect(task).toMatchObject({ state: 'queued', leaseUntil: undefined, error: expect.stringMatching(/^given_back/) });
    expect(task?.runAt).toBeLessThanOrEqual(Date.now());
  });

  test('a store that is away for a moment holds nothing up for good', async () => {
    const { store, run, settled } = await bench();
    let calls = 0;
    const flaky: Store = {
      ...store,
      async claim(...input) {
        if (calls++ < 3) throw new StoreError('store_unavailable', undefined);
        return store.claim(...input);
      },
    };
    await store.addTask(queuedTask());
    run({ store: flaky });
    expect(await settled()).toMatchObject({ state: 'done' });
  });
});

describe('tasks of sessions', () => {
  const nothing = { started: [], turns: [], ended: [], ledger: [], tasks: [], released: [] };
  const session = storedSession();

  test('work on the turns that are stored', async () => {
    const { store, run, settled, gateway } = await bench();
    const turns = [turn(session.id, 1, 'Hello', 'Good day'), turn(session.id, 2, 'A room, please', 'Of course')];
    const task = queuedTask({ session: session.id, input: undefined });
    await store.take({ ...nothing, started: [session], turns, tasks: [task] });
    run();
    await settled();
    expect(gateway.seen[0]?.body.messages[1].content).toBe(
      '<transcript>\nUser: Hello\nAssistant: Good day\nUser: A room, please\nAssistant: Of course\n</transcript>',
    );
  });

  test('a rolling summary goes on from the one before', async () => {
    const text = '{"summary":"They greeted.","open":[]}';
    const settings = { tasks: [{ kind: 'rolling-summary', class: 'plain', when: { everyTurns: 1 } }] };
    const { store, run, settled, gateway } = await bench({ behaviour: { text } }, settings);
    const of = (number: number) => {
      const input = JSON.stringify({ every: 'turns', number });
      return queuedTask({
        id: `${session.id}.rolling-summary.${number}`,
        session: session.id,
        kind: 'rolling-summary',
        input,
      });
    };
    await store.take({
      ...nothing,
      started: [session],
      turns: [turn(session.id, 1, 'Hello', 'Good day')],
      tasks: [of(1)],
    });
    const runner = run();
    await settled(of(1).id);
    await store.take({
      ...nothing,
      turns: [turn(session.id, 2, 'A room', 'Yes'), turn(session.id, 3, 'Late', '')],
      tasks: [of(2)],
    });
    runner.wake();
    await settled(of(2).id);
    expect(gateway.seen[1]?.body.messages[1].content).toBe(
      `<previous-summary>\n${text}\n</previous-summary>\n<transcript>\nUser: A room\nAssistant: Yes\n</transcript>`,
    );
  });

  test('of every few minutes follow each other until the session ends', async () => {
    const settings = { tasks: [{ kind: 'title', class: 'plain', when: { everyMinutes: 0.01 } }] };
    const { store, run, settled } = await bench(undefined, settings);
    const input = JSON.stringify({ every: 'minutes', number: 1 });
    const first = queuedTask({ id: `${session.id}.title.1`, session: session.id, input });
    await store.take({ ...nothing, started: [session], turns: [turn(session.id, 1, 'Hello', 'Hi')], tasks: [first] });
    run();
    await settled(`${session.id}.title.3`);
    const ended = { id: session.id, endedAt: Date.now(), reason: 'done', record: undefined };
    await store.take({ ...nothing, ended: [ended], released: [{ session: session.id, runAt: Date.now() }] });
    await until(async () => (await store.tasks({ state: 'queued', limit: 1 })).length === 0);
    const last = await until(
      async () =>
        (await store.tasks({ state: 'running', limit: 1 })).length === 0 && (await store.tasks({ limit: 100 })),
    );
    expect(last.every(({ state }) => state === 'done')).toBe(true);
  });

  test('the score of a quality task goes into the row of its session', async () => {
    const text = '{"criteria":[{"name":"tone","score":0.5,"reason":"short"}],"overall":0.75}';
    const grades: unknown[] = [];
    const { store, run, settled } = await bench(
      { behaviour: { text } },
      { tasks: [{ kind: 'quality', class: 'plain' }] },
    );
    const watched: Store = {
      ...store,
      async grade(id, grade) {
        grades.push([id === session.id ? 'session' : 'attempt', grade]);
        return store.grade(id, grade);
      },
    };
    const task = queuedTask({ kind: 'quality', session: session.id, input: undefined });
    await store.take({ ...nothing, started: [session], turns: [turn(session.id, 1, 'Hello', 'Hi')], tasks: [task] });
    run({ store: watched });
    expect(await settled()).toMatchObject({ state: 'done' });
    expect(grades).toEqual([
      ['attempt', { quality: 'valid' }],
      ['session', { score: 0.75 }],
    ]);
  });
});
