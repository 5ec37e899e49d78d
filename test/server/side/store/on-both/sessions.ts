// Suite of sessions: lists, and the end of those whose instance is gone.

import { expect, test } from 'vitest';
import { ARMED, anEnd, aRealtime, aSession, aSettled, aTask, aTurn, NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const idsOf = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);

export function sessions({ open, beside }: Stores): void {
  test('lists sessions newest first, by key, in pages', async () => {
    const store = await open();
    const started = [
      aSession('c', { startedAt: NOON + 1 }),
      aSession('a', { startedAt: NOON + 2, key: undefined }),
      aSession('b', { startedAt: NOON + 2 }),
      aSession('d', { startedAt: NOON, key: 'other' }),
    ];
    await store.commitSessions({ started });
    expect(idsOf(await store.sessions({ limit: 9 }))).toEqual(['b', 'a', 'c', 'd']);
    expect(idsOf(await store.sessions({ limit: 2 }))).toEqual(['b', 'a']);
    expect(idsOf(await store.sessions({ limit: 2, before: 'a' }))).toEqual(['c', 'd']);
    expect(idsOf(await store.sessions({ limit: 9, key: 'demo' }))).toEqual(['b', 'c']);
    expect(idsOf(await store.sessions({ limit: 9, key: null }))).toEqual(['a']);
  });

  test('lists sessions by the time of their start, by the model that was asked for, and by whether they have ended', async () => {
    const store = await open();
    await store.commitSessions({
      started: [
        aSession('a', { startedAt: NOON, model: 'one' }),
        aSession('b', { startedAt: NOON + 1, model: 'two' }),
        aSession('c', { startedAt: NOON + 2, model: 'two' }),
      ],
      ended: [anEnd('b')],
    });
    expect(idsOf(await store.sessions({ limit: 9, since: NOON + 1 }))).toEqual(['c', 'b']);
    expect(idsOf(await store.sessions({ limit: 9, until: NOON + 1 }))).toEqual(['a']);
    expect(idsOf(await store.sessions({ limit: 9, model: 'two' }))).toEqual(['c', 'b']);
    expect(idsOf(await store.sessions({ limit: 9, model: 'no\0thing' }))).toEqual([]);
    expect(idsOf(await store.sessions({ limit: 9, state: 'open' }))).toEqual(['c', 'a']);
    expect(idsOf(await store.sessions({ limit: 9, state: 'closed', key: 'demo', model: 'two' }))).toEqual(['b']);
  });

  test('lists sessions by end user and by a tag, whose value may be any text', async () => {
    const store = await open();
    const odd = { 'a "name"': 'it is 100 % \\ "so":"called"', place: 'Berlin' };
    await store.commitSessions({
      started: [
        aSession('a', { endUser: 'anna', tags: odd }),
        aSession('b', { tags: { place: 'berlin' } }),
        aSession('c'),
      ],
    });
    const byTag = async (name: string, value: string) => idsOf(await store.sessions({ limit: 9, tag: [name, value] }));
    expect(idsOf(await store.sessions({ limit: 9, endUser: 'anna' }))).toEqual(['a']);
    expect(await byTag('place', 'Berlin')).toEqual(['a']);
    expect(await byTag('place', 'berlin')).toEqual(['b']);
    expect(await byTag('a "name"', odd['a "name"'])).toEqual(['a']);
    expect(await byTag('so', 'called')).toEqual([]);
    expect(await byTag('lace', 'Berlin')).toEqual([]);
  });

  test('sums what sessions have cost with their tasks, where that is known', async () => {
    const store = await open();
    await store.commitSessions({
      started: [aSession('a'), aSession('b'), aSession('c')],
      ledger: [aRealtime('a', 70), aRealtime('b', 5, { costMicroUsd: undefined, costSource: 'unknown' })],
    });
    const row = aSettled('task-of-a', 12, { session: 'a', kind: 'task' });
    await store.settle([{ row, budgets: [], reservedMicroUsd: 0 }]);
    expect(await store.sessionCosts(['a', 'b', 'c'])).toEqual({ a: 712 });
    expect(await store.sessionCosts([])).toEqual({});
  });

  test('ends sessions of an instance that is gone with their last turn, and lets their tasks run', async () => {
    const store = await open();
    await store.commitSessions({
      started: [aSession('talked'), aSession('silent'), aSession('over'), aSession('mine', { owner: 'two' })],
      turns: [aTurn('talked', 1), aTurn('talked', 2)],
      ended: [anEnd('over')],
      ledger: [aRealtime('talked', 70)],
      tasks: [
        aTask('talked.summary', { session: 'talked', runAt: ARMED }),
        aTask('mine.summary', { session: 'mine', runAt: ARMED }),
      ],
    });
    await store.renewLease('one', NOON + 100);
    await store.renewLease('two', NOON + 1000);
    const recovered = await store.recoverSessions('two', NOON + 100);
    expect(idsOf(recovered).sort()).toEqual(['silent', 'talked']);
    expect(await store.session('talked')).toMatchObject({ reason: 'recovered', endedAt: NOON + 2500 });
    expect(await store.session('silent')).toMatchObject({ reason: 'recovered', endedAt: NOON });
    expect(await store.session('over')).toMatchObject({ reason: 'client-closed' });
    expect((await store.session('mine'))?.endedAt).toBeUndefined();
    expect((await store.task('talked.summary'))?.runAt).toBe(NOON + 100);
    expect((await store.task('mine.summary'))?.runAt).toBe(ARMED);
    expect(await store.ledger({ session: 'talked', limit: 9 })).toMatchObject([{ usage: { totalTokens: 70 } }]);
    expect(await store.recoverSessions('two', NOON + 200)).toEqual([]);
  });

  test('leaves sessions of a living instance alone until it gives its lease back', async () => {
    const store = await open();
    await store.commitSessions({ started: [aSession('s1')] });
    await store.renewLease('one', NOON + 100);
    expect(await store.recoverSessions('two', NOON + 99)).toEqual([]);
    await store.renewLease('one', NOON + 200);
    expect(await store.recoverSessions('two', NOON + 150)).toEqual([]);
    await store.releaseLease('one');
    expect(idsOf(await store.recoverSessions('two', NOON + 150))).toEqual(['s1']);
  });

  test('ends those of every other instance where it is alone, whatever their leases say', async () => {
    const store = await open();
    await store.commitSessions({ started: [aSession('s1')] });
    await store.renewLease('one', NOON + 1000);
    expect(idsOf(await store.recoverSessions('two', NOON, true))).toEqual(['s1']);
  });

  test('returns recovered sessions again until their ledger row is final, too', async () => {
    const store = await open();
    const pending = aRealtime('s1', 70, { outcome: 'pending' });
    await store.commitSessions({ started: [aSession('s1')], ledger: [pending] });
    expect(idsOf(await store.recoverSessions('two', NOON))).toEqual(['s1']);
    expect(idsOf(await store.recoverSessions('three', NOON))).toEqual(['s1']);
    await store.commitSessions({ ledger: [{ ...pending, outcome: 'recovered' }] });
    expect(await store.recoverSessions('three', NOON)).toEqual([]);
  });

  test('recovers each session once when several instances try at the same time', async () => {
    const store = await open();
    const second = await beside(store);
    const ids = Array.from({ length: 60 }, (_, index) => `s${index}`);
    await store.commitSessions({ started: ids.map((id) => aSession(id)) });
    const recovered = await Promise.all(
      [store, second].map((instance, index) => instance.recoverSessions(`next ${index}`, NOON)),
    );
    expect(idsOf(recovered.flat()).sort()).toEqual(ids.sort());
  });
}
