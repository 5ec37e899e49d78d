// Suite of batches of session events: all or nothing, and twice is once.

import { expect, test } from 'vitest';
import { type Store, StoreError } from '../../../../../server/side/store/contract/store.ts';
import { ARMED, aDelivery, anEnd, aRealtime, aSession, aTask, aTurn, NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const whole = {
  started: [aSession('s1'), aSession('s2', { key: undefined, team: undefined, model: undefined, isRehearsal: true })],
  turns: [aTurn('s1', 1), aTurn('s1', 2, { user: '', assistant: undefined, isInterrupted: true })],
  ended: [anEnd('s1')],
  ledger: [aRealtime('s1', 300, { tried: ['a', 'b'], usage: { inputTokens: 300, seconds: 1.5 } })],
  tasks: [aTask('s1.summary', { session: 's1', runAt: ARMED }), aTask('s2.summary', { session: 's2', runAt: ARMED })],
  released: [{ session: 's1', runAt: NOON + 60_000 }],
  deliveries: [{ ...aDelivery('d1'), session: 's1' }],
};

async function everything(store: Store) {
  const [sessions, turns, tasks] = [
    await store.sessions({ limit: 100 }),
    await store.turns('s1'),
    await store.tasks({ limit: 100 }),
  ];
  return { sessions, turns, tasks, ledger: await store.ledger({ limit: 100 }) };
}

export function sessionEvents({ open }: Stores): void {
  test('returns every record as it was given', async () => {
    const store = await open();
    await store.commitSessions(whole);
    expect(await store.session('s1')).toEqual({ ...whole.started[0], ...whole.ended[0] });
    expect(await store.session('s2')).toEqual(whole.started[1]);
    expect(await store.turns('s1')).toEqual(whole.turns);
    expect(await store.ledger({ session: 's1', limit: 9 })).toEqual(whole.ledger);
    expect(await store.task('s2.summary')).toEqual(whole.tasks[1]);
    expect(await store.session('none')).toBeUndefined();
    expect(await store.task('none')).toBeUndefined();
  });

  test('changes nothing when the same batch comes again', async () => {
    const store = await open();
    await store.commitSessions(whole);
    const once = await everything(store);
    await store.commitSessions(whole);
    await store.commitSessions({ ...whole, started: [...whole.started, ...whole.started] });
    expect(await everything(store)).toEqual(once);
    expect(await store.claimDeliveries({ now: NOON, leaseUntil: NOON + 1, count: 9 })).toHaveLength(1);
  });

  test('tells of the ids that another instance has, and changes nothing of them', async () => {
    const store = await open();
    expect(await store.commitSessions({ started: [aSession('s1', { owner: 'one' })] })).toEqual([]);
    const started = [aSession('s1', { owner: 'two' }), aSession('s2', { owner: 'two' })];
    expect(await store.commitSessions({ started, turns: [aTurn('s1', 1), aTurn('s2', 1)] })).toEqual(['s1']);
    expect(await store.session('s1')).toMatchObject({ owner: 'one' });
    expect([...(await store.turns('s1')), ...(await store.turns('s2'))]).toEqual([]);
    const twice = { started: started.slice(1), turns: [aTurn('s2', 1)] };
    expect([await store.commitSessions(twice), await store.commitSessions(twice)]).toEqual([[], []]);
    expect(await store.turns('s2')).toHaveLength(1);
  });

  test('keeps the first text of a turn that comes again with another one', async () => {
    const store = await open();
    await store.commitSessions(whole);
    await store.commitSessions({ turns: [aTurn('s1', 1, { user: 'else' })] });
    expect((await store.turns('s1'))[0]?.user).toBe('question 1');
  });

  test('keeps the end of a session, except one that was only supposed', async () => {
    const store = await open();
    await store.commitSessions({ started: [aSession('s1'), aSession('s2')] });
    await store.commitSessions({ ended: [anEnd('s1'), anEnd('s2', { reason: 'recovered' })] });
    await store.commitSessions({
      started: [aSession('s1')],
      ended: [anEnd('s1', { endedAt: NOON + 1, reason: 'recovered' }), anEnd('s2', { endedAt: NOON + 2 })],
    });
    expect(await store.session('s1')).toMatchObject({ endedAt: NOON + 60_000, reason: 'client-closed' });
    expect(await store.session('s2')).toMatchObject({ endedAt: NOON + 2, reason: 'client-closed' });
  });

  test('releases the armed tasks of a session that ended, and no others', async () => {
    const store = await open();
    await store.commitSessions(whole);
    expect((await store.task('s1.summary'))?.runAt).toBe(NOON + 60_000);
    expect((await store.task('s2.summary'))?.runAt).toBe(ARMED);
    expect(await store.claimTasks(NOON + 59_999, ARMED, 9)).toEqual([]);
    expect((await store.claimTasks(NOON + 60_000, ARMED, 9)).map(({ id }) => id)).toEqual(['s1.summary']);
  });

  test('leaves nothing of a batch that cannot be written', async () => {
    const store = await open();
    const broken = { ...aTask('broken'), kind: undefined } as never;
    const taken = store.commitSessions({ started: [aSession('s1')], tasks: [broken] });
    await expect(taken).rejects.toBeInstanceOf(StoreError);
    expect(await store.session('s1')).toBeUndefined();
    await store.commitSessions(whole);
    expect(await store.session('s1')).toBeDefined();
  });

  test('takes any text and any count that a client or a provider sends', async () => {
    const store = await open();
    const turn = aTurn('s1', 1, { user: 'a\0b', assistant: '\ud800 "\'; drop table turn' });
    const usage = { inputTokens: 1.4, outputTokens: Number.NaN, totalTokens: 1e300, cachedTokens: -1e300 };
    await store.commitSessions({ started: [aSession('s1')], turns: [turn], ledger: [aRealtime('s1', 1, { usage })] });
    expect(await store.turns('s1')).toMatchObject([{ user: 'a\ufffdb', assistant: '\ufffd "\'; drop table turn' }]);
    expect((await store.ledger({ limit: 1 }))[0]?.usage).toEqual({ inputTokens: 1 });
  });

  test('commits a large batch as a whole', async () => {
    const store = await open();
    const ids = Array.from({ length: 333 }, (_, index) => `s${String(index).padStart(3, '0')}`);
    await store.commitSessions({
      started: ids.map((id) => aSession(id)),
      turns: ids.map((id) => aTurn(id, 1)),
      ended: ids.map((id) => anEnd(id)),
      ledger: ids.flatMap((id) => [aRealtime(id, 2), aRealtime(id, 1)]),
      tasks: ids.map((id) => aTask(`${id}.title`, { session: id, runAt: ARMED })),
      released: ids.map((session) => ({ session, runAt: NOON })),
    });
    expect(await store.sessions({ limit: 1000 })).toHaveLength(333);
    expect(await store.claimTasks(NOON, ARMED, 1000)).toHaveLength(333);
    expect(await store.report(['kind'], { since: 0, until: ARMED })).toMatchObject([{ calls: 333, inputTokens: 666 }]);
  });

  test('a realtime row only goes forward, and keeps the grade it was given', async () => {
    const store = await open();
    await store.commitSessions({ ledger: [aRealtime('s1', 200)] });
    await store.grade('s1', { score: 0.75 });
    await store.commitSessions({ ledger: [aRealtime('s1', 100)] });
    expect(await store.ledger({ limit: 9 })).toMatchObject([{ usage: { totalTokens: 200 }, score: 0.75 }]);
    await store.commitSessions({ ledger: [aRealtime('s1', 500), aRealtime('s1', 300)] });
    expect(await store.ledger({ limit: 9 })).toMatchObject([
      { usage: { totalTokens: 500 }, costMicroUsd: 5000, score: 0.75 },
    ]);
  });

  test('charges budgets once with what a realtime session costs as it grows', async () => {
    const store = await open();
    const budget = { id: 'demo|realtime|day|0', limitMicroUsd: 100, resetsAt: NOON };
    const used = (tokens: number) =>
      store.commitSessions({ ledger: [aRealtime('s1', tokens)], charged: { s1: [budget] } });
    for (const tokens of [100, 100, 300, 200, 300]) await used(tokens);
    expect(await store.budgetUse(budget.id)).toEqual({ spentMicroUsd: 3000, reservedMicroUsd: 0 });
  });

  test('charges budgets once when the same realtime row comes from two sides at the same time', async () => {
    const store = await open();
    const budget = { id: 'demo|realtime|day|0', limitMicroUsd: 100, resetsAt: NOON };
    const rows = Array.from({ length: 40 }, (_, index) => aRealtime('s1', 1 + (index % 20)));
    await Promise.all(rows.map((row) => store.commitSessions({ ledger: [row], charged: { s1: [budget] } })));
    expect(await store.budgetUse(budget.id)).toEqual({ spentMicroUsd: 200, reservedMicroUsd: 0 });
  });
}
