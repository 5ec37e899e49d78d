// Suite of the queue: one runner for each task, and none that writes with an old lease.

import { expect, test } from 'vitest';
import type { Task } from '../../../../../server/ipc/stored-rows.ts';
import { ARMED, aDelivery, aSettled, aTask, NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const idsOf = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);
const LEASE = NOON + 1000;

export function tasks({ open, beside }: Stores): void {
  test('gives each task to one of four claimers', async () => {
    const store = await open();
    const other = await beside(store);
    const ids = Array.from({ length: 200 }, (_, index) => `t${String(index).padStart(3, '0')}`);
    for (const id of ids) await store.addTask(aTask(id));
    const claimer = async (from: typeof store) => {
      const claimed: Task[] = [];
      for (;;) {
        const some = await from.claimTasks(NOON, LEASE, 7);
        if (some.length === 0) return claimed;
        claimed.push(...some);
      }
    };
    const claimed = (await Promise.all([store, other, store, other].map(claimer))).flat();
    expect(idsOf(claimed).sort()).toEqual(ids);
    expect(
      claimed.every(({ state, attempts, version }) => state === 'running' && attempts === 1 && version === 1),
    ).toBe(true);
  });

  test('claims due tasks oldest first, as many as were asked for', async () => {
    const store = await open();
    for (const [id, runAt] of Object.entries({ late: NOON + 1, first: NOON - 5, last: NOON, second: NOON - 4 }))
      await store.addTask(aTask(id, { runAt }));
    expect(idsOf(await store.claimTasks(NOON, LEASE, 2))).toEqual(['first', 'second']);
    expect(idsOf(await store.claimTasks(NOON, LEASE, 2))).toEqual(['last']);
    expect(await store.claimTasks(NOON, LEASE, 2)).toEqual([]);
  });

  test('claims a task again when its lease ran out, and the runner that had it writes nothing', async () => {
    const store = await open();
    await store.addTask(aTask('t'));
    const [first] = await store.claimTasks(NOON, LEASE, 1);
    expect(await store.claimTasks(LEASE - 1, LEASE, 1)).toEqual([]);
    const [second] = await store.claimTasks(LEASE, LEASE + 1000, 1);
    expect(second).toMatchObject({ id: 't', attempts: 2, version: 2, leaseUntil: LEASE + 1000 });

    const outcome = { id: 't', state: 'done', at: LEASE, result: '{"summary":"old"}' } as const;
    const stale = { ...outcome, version: first?.version ?? 0, deliveries: [aDelivery('old')] };
    expect(await store.extendTaskLease('t', stale.version, ARMED)).toBe(false);
    expect(await store.settleTask(stale)).toBe(false);
    expect(await store.task('t')).toEqual(second);
    expect(await store.claimDeliveries({ now: ARMED, leaseUntil: ARMED, count: 9 })).toEqual([]);

    expect(await store.extendTaskLease('t', 2, LEASE + 5000)).toBe(true);
    expect(await store.claimTasks(LEASE + 1000, ARMED, 1)).toEqual([]);
    const result = '{"summary":"new"}';
    const good = { ...outcome, version: 2, result, quality: 'repaired', deliveries: [aDelivery('new')] } as const;
    expect(await store.settleTask(good)).toBe(true);
    expect(await store.settleTask(good)).toBe(false);
    expect(await store.task('t')).toMatchObject({ state: 'done', result, quality: 'repaired', leaseUntil: undefined });
    expect(idsOf(await store.claimDeliveries({ now: ARMED, leaseUntil: ARMED, count: 9 }))).toEqual(['new']);
  });

  test('writes following tasks and the score of a row together with the outcome, or none of them', async () => {
    const store = await open();
    await store.addTask(aTask('t'));
    await store.settle([{ row: aSettled('a', 100), budgets: [], reservedMicroUsd: 0 }]);
    await store.claimTasks(NOON, LEASE, 1);
    const outcome = { id: 't', state: 'done', at: NOON, deliveries: [] } as const;
    const follows = { tasks: [aTask('t.quality')], grade: { row: 'a', score: 0.5 } };
    expect(await store.settleTask({ ...outcome, ...follows, version: 7 })).toBe(false);
    expect(await store.task('t.quality')).toBeUndefined();
    expect(await store.ledger({ limit: 9 })).toMatchObject([{ score: undefined }]);
    expect(await store.settleTask({ ...outcome, ...follows, version: 1 })).toBe(true);
    expect(await store.task('t.quality')).toMatchObject({ state: 'queued' });
    expect(await store.ledger({ limit: 9 })).toMatchObject([{ score: 0.5, costMicroUsd: 100 }]);
  });

  test('a task that is to be tried again waits for its time', async () => {
    const store = await open();
    await store.addTask(aTask('t', { input: '{"text":"hi"}' }));
    await store.claimTasks(NOON, LEASE, 1);
    const again = { id: 't', version: 1, state: 'queued', runAt: LEASE, error: 'upstream_failed', at: NOON } as const;
    expect(await store.settleTask({ ...again, deliveries: [] })).toBe(true);
    expect(await store.claimTasks(LEASE - 1, ARMED, 1)).toEqual([]);
    expect(await store.claimTasks(LEASE, ARMED, 1)).toMatchObject([
      { attempts: 2, version: 2, error: 'upstream_failed', input: '{"text":"hi"}' },
    ]);
  });

  test('puts dead and failed tasks back, with all their tries before them', async () => {
    const store = await open();
    await store.addTask(aTask('t'));
    for (const [version, state] of [
      [1, 'dead'],
      [3, 'failed'],
    ] as const) {
      expect(await store.requeueTask('t', NOON)).toBe(false);
      await store.claimTasks(NOON, LEASE, 1);
      expect(await store.requeueTask('t', NOON)).toBe(false);
      expect(await store.settleTask({ id: 't', version, state, error: 'x', at: NOON, deliveries: [] })).toBe(true);
      expect(await store.requeueTask('t', NOON)).toBe(true);
      expect(await store.task('t')).toMatchObject({ state: 'queued', attempts: 0, runAt: NOON });
    }
    expect(await store.requeueTask('none', NOON)).toBe(false);
  });

  test('puts all back that ended so since a time, however many, and from then on counts their age', async () => {
    const store = await open();
    const dead = Array.from({ length: 450 }, (_, index) =>
      aTask(`dead-${index}`, { state: 'dead', updatedAt: NOON, dueAt: 1, attempts: 8 }),
    );
    const others = [
      aTask('before', { state: 'dead', updatedAt: NOON - 1 }),
      aTask('failed', { state: 'failed', updatedAt: NOON }),
      aTask('done', { state: 'done', updatedAt: NOON }),
    ];
    await store.commitSessions({ tasks: [...dead, ...others] });
    expect(await store.requeueTasks({ state: 'dead', since: NOON, now: NOON + 5 })).toBe(450);
    expect(await store.requeueTasks({ state: 'dead', since: NOON, now: NOON + 5 })).toBe(0);
    expect(await store.task('dead-449')).toMatchObject({ state: 'queued', attempts: 0, dueAt: NOON + 5 });
    expect((await Promise.all(others.map(({ id }) => store.task(id)))).map((task) => task?.state)).toEqual([
      'dead',
      'failed',
      'done',
    ]);
  });

  test('claims none of the classes that are left out', async () => {
    const store = await open();
    await store.addTask(aTask('a', { promptClass: 'down' }));
    await store.addTask(aTask('b', { promptClass: 'up' }));
    expect(idsOf(await store.claimTasks(NOON, LEASE, 9, ['down', 'other']))).toEqual(['b']);
    expect(idsOf(await store.claimTasks(NOON, LEASE, 9))).toEqual(['a']);
  });

  test('lists tasks newest first, by session, key and state, in pages', async () => {
    const store = await open();
    await store.addTask(aTask('b', { session: 's', createdAt: NOON + 1 }));
    await store.addTask(aTask('a', { createdAt: NOON + 2, key: undefined }));
    await store.addTask(aTask('c', { state: 'dead', createdAt: NOON }));
    await store.addTask(aTask('c', { state: 'queued', createdAt: NOON + 9 }));
    expect(idsOf(await store.tasks({ limit: 9 }))).toEqual(['a', 'b', 'c']);
    expect(idsOf(await store.tasks({ limit: 9, before: 'a' }))).toEqual(['b', 'c']);
    expect(idsOf(await store.tasks({ limit: 1, before: 'b' }))).toEqual(['c']);
    expect(idsOf(await store.tasks({ limit: 9, state: 'dead', key: 'demo' }))).toEqual(['c']);
    expect(idsOf(await store.tasks({ limit: 9, key: null }))).toEqual(['a']);
    expect(idsOf(await store.tasks({ limit: 9, session: 's' }))).toEqual(['b']);
  });

  test('finds every rolling summary of a session that is done and kept, however many tasks there are', async () => {
    const store = await open();
    const input = JSON.stringify({ every: 'turns', number: 2 });
    const summary = { session: 's1', kind: 'rolling-summary', state: 'done', result: '{}' } as const;
    await store.commitSessions({
      tasks: [
        aTask('kept', { ...summary, input, updatedAt: NOON + 1, createdAt: NOON - 1 }),
        aTask('without a result', { ...summary, result: undefined }),
        aTask('not done', { ...summary, state: 'running' }),
        aTask('of another kind', { ...summary, kind: 'summary' }),
        aTask('of another session', { ...summary, session: 's2' }),
        ...Array.from({ length: 1100 }, (_, index) => aTask(`title ${index}`, { ...summary, kind: 'title' })),
      ],
    });
    expect(await store.summaries('s1')).toEqual([
      expect.objectContaining({ id: 'kept', input, runAt: NOON, updatedAt: NOON + 1 }),
    ]);
  });
}
