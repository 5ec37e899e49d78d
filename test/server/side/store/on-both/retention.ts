// Suite of retention: text goes when it has to, and none of it comes back; the ledger stays.

import { expect, test } from 'vitest';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { ARMED, aDelivery, anEnd, aRealtime, aSession, aTask, aTurn, NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const END = NOON + 60_000;

/** Stores a session with a turn, a task that is done and has a message, one that runs, and one that waits. */
async function withSession(store: Store, id: string): Promise<void> {
  const task = (kind: string) => aTask(`${id}.${kind}`, { session: id, input: '{"about":"the turns"}' });
  await store.commitSessions({
    started: [aSession(id)],
    turns: [aTurn(id, 1)],
    ended: [anEnd(id)],
    ledger: [aRealtime(id, 5)],
    tasks: ['1-done', '2-running', '3-waiting'].map(task),
  });
  await store.claimTasks(NOON, ARMED, 2);
  const deliveries = [aDelivery(`${id}.hook`)];
  await store.settleTask({ id: `${id}.1-done`, version: 1, state: 'done', result: '{"r":1}', at: NOON, deliveries });
}

async function finish(store: Store, id: string): Promise<void> {
  await store.claimTasks(NOON, ARMED, 9);
  for (const kind of ['2-running', '3-waiting'])
    await store.settleTask({ id: `${id}.${kind}`, version: 1, state: 'dead', at: NOON, deliveries: [] });
}

export function retention({ open }: Stores): void {
  test('forgetting a session removes its text, results, work and messages, and keeps its ledger rows', async () => {
    const store = await open();
    await withSession(store, 's1');
    await withSession(store, 's2');
    expect(await store.forget('s1', END)).toBe(true);
    expect(await store.forget('none', END)).toBe(false);

    expect(await store.turns('s1')).toEqual([aTurn('s1', 1, { user: undefined, assistant: undefined })]);
    const tasks = await store.tasks({ session: 's1', limit: 9 });
    expect(tasks.map(({ state, input, result }) => [state, input, result])).toEqual([
      ['failed', undefined, undefined],
      ['failed', undefined, undefined],
      ['done', undefined, undefined],
    ]);
    expect((await store.claimDeliveries({ now: ARMED, leaseUntil: ARMED, count: 9 })).map(({ id }) => id)).toEqual([
      's2.hook',
    ]);
    expect(await store.ledger({ session: 's1', limit: 9 })).toEqual([aRealtime('s1', 5)]);
    expect((await store.turns('s2'))[0]?.user).toBe('question 1');
    expect(await store.forget('s1', END + 1)).toBe(true);
  });

  test('a runner that worked on a forgotten session writes no result, and nothing is run again', async () => {
    const store = await open();
    await withSession(store, 's1');
    await store.forget('s1', END);
    const late = { id: 's1.2-running', version: 1, state: 'done', result: '{"r":2}', at: END, deliveries: [] } as const;
    expect(await store.settleTask(late)).toBe(false);
    expect(await store.requeueTask('s1.2-running', END)).toBe(false);
    expect(await store.claimTasks(ARMED, ARMED, 9)).toEqual([]);
  });

  test('a session that is forgotten while it lives keeps no text of later turns', async () => {
    const store = await open();
    await store.commitSessions({ started: [aSession('s1')], turns: [aTurn('s1', 1)] });
    await store.forget('s1', NOON);
    const rolling = aTask('s1.rolling-summary.2', { session: 's1' });
    await store.commitSessions({ turns: [aTurn('s1', 2)], tasks: [rolling], ended: [anEnd('s1')] });
    expect((await store.turns('s1')).map(({ user, assistant }) => user ?? assistant)).toEqual([undefined, undefined]);
    expect(await store.task(rolling.id)).toBeUndefined();
    expect(await store.session('s1')).toMatchObject({ reason: 'client-closed' });
  });

  test('removes transcripts when no task waits for them, and keeps results', async () => {
    const store = await open();
    await withSession(store, 's1');
    await store.commitSessions({ started: [aSession('live')], turns: [aTurn('live', 1)] });
    expect(await store.sweep({ kind: 'tasks-done' }, END)).toBe(0);
    await finish(store, 's1');
    expect(await store.sweep({ kind: 'tasks-done' }, END)).toBe(1);
    expect(await store.sweep({ kind: 'tasks-done' }, END)).toBe(0);
    expect(await store.turns('s1')).toMatchObject([{ user: undefined, assistant: undefined }]);
    expect(await store.task('s1.1-done')).toMatchObject({ input: undefined, result: '{"r":1}' });
    expect(await store.claimDeliveries({ now: ARMED, leaseUntil: ARMED, count: 9 })).toMatchObject([
      { body: '{"type":"task.done"}' },
    ]);
    expect((await store.turns('live'))[0]?.user).toBe('question 1');
  });

  test('removes text and results that are too old, even where a task still waits', async () => {
    const store = await open();
    await withSession(store, 's1');
    expect(await store.sweep({ kind: 'older', than: END }, END)).toBe(0);
    expect(await store.sweep({ kind: 'older', than: END + 1 }, END + 1)).toBe(1);
    expect(await store.sweep({ kind: 'older', than: END + 1 }, END + 1)).toBe(0);
    expect(await store.turns('s1')).toMatchObject([{ user: undefined, assistant: undefined }]);
    expect((await store.task('s1.1-done'))?.result).toBeUndefined();
    expect((await store.task('s1.3-waiting'))?.state).toBe('failed');
    expect(await store.ledger({ session: 's1', limit: 9 })).toHaveLength(1);
  });

  test('removes results by age also where the transcript went before', async () => {
    const store = await open();
    await withSession(store, 's1');
    await finish(store, 's1');
    await store.sweep({ kind: 'tasks-done' }, END);
    expect(await store.sweep({ kind: 'older', than: END + 1 }, END + 1)).toBe(1);
    expect((await store.task('s1.1-done'))?.result).toBeUndefined();
  });

  test('removes the input of tasks without a session when they are done, and their result by age', async () => {
    const store = await open();
    for (const id of ['done', 'dead']) {
      await store.addTask(aTask(id, { input: '"text"' }));
      await store.claimTasks(NOON, ARMED, 1);
      const state = id as 'done' | 'dead';
      await store.settleTask({ id, version: 1, state, result: '"result"', at: NOON, deliveries: [] });
    }
    await store.addTask(aTask('waiting', { input: '"text"' }));
    expect(await store.sweep({ kind: 'tasks-done' }, END)).toBe(1);
    expect(await store.task('done')).toMatchObject({ input: undefined, result: '"result"' });
    expect(await store.task('dead')).toMatchObject({ input: '"text"' });
    const weekLater = NOON + 9 * 24 * 60 * 60 * 1000;
    expect(await store.sweep({ kind: 'tasks-done' }, weekLater)).toBe(1);
    expect(await store.task('dead')).toMatchObject({ input: undefined, result: '"result"' });
    expect(await store.sweep({ kind: 'older', than: END }, END)).toBe(2);
    expect(await store.task('done')).toMatchObject({ input: undefined, result: undefined });
    expect(await store.task('dead')).toMatchObject({ input: undefined, result: undefined });
    expect(await store.task('waiting')).toMatchObject({ input: '"text"' });
  });

  test('sweeps more sessions in one call than one transaction takes', async () => {
    const store = await open();
    const ids = Array.from({ length: 450 }, (_, index) => `s${index}`);
    await store.commitSessions({
      started: ids.map((id) => aSession(id)),
      turns: ids.map((id) => aTurn(id, 1)),
      ended: ids.map((id) => anEnd(id)),
    });
    expect(await store.sweep({ kind: 'tasks-done' }, END)).toBe(450);
    expect((await store.turns('s449'))[0]?.user).toBeUndefined();
  });
}
