// Suite of the ledger: rows, grades, and reports.

import { expect, test } from 'vitest';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { anAttempt, aRealtime, aSettled, NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const DAY = 86_400_000;
const idsOf = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);

async function filled(store: Store): Promise<Store> {
  await store.settle([
    {
      row: aSettled('a', 100, { savedMicroUsd: 9_000, task: 't1', session: 's1', quality: 'valid', score: 0.1 }),
      budgets: [],
      reservedMicroUsd: 0,
    },
  ]);
  await store.settle([
    {
      row: aSettled('b', 50, { savedMicroUsd: -400, at: NOON + 1, quality: 'repaired', score: 0.2, latencyMs: 7.5 }),
      budgets: [],
      reservedMicroUsd: 0,
    },
  ]);
  await store.settle([
    {
      row: aSettled('c', undefined, { at: NOON + 2, team: undefined, key: undefined, isRehearsal: true }),
      budgets: [],
      reservedMicroUsd: 0,
    },
  ]);
  await store.settle([
    {
      row: aSettled('d', 7, { at: NOON + DAY / 2, served: undefined, outcome: 'upstream_timeout', quality: 'failed' }),
      budgets: [],
      reservedMicroUsd: 0,
    },
  ]);
  await store.reserve([], 5, anAttempt('e'));
  await store.commitSessions({ ledger: [aRealtime('s1', 1000, { at: NOON + 3, served: 'gpt-realtime' })] });
  return store;
}

export function ledgers({ open }: Stores): void {
  test('finds rows by session, task and time, newest first, in pages', async () => {
    const store = await filled(await open());
    expect(idsOf(await store.ledger({ limit: 9 }))).toEqual(['d', 's1', 'c', 'b', 'e', 'a']);
    expect(idsOf(await store.ledger({ limit: 9, session: 's1' }))).toEqual(['s1', 'a']);
    expect(idsOf(await store.ledger({ limit: 9, task: 't1' }))).toEqual(['a']);
    expect(idsOf(await store.ledger({ limit: 9, since: NOON + 1, until: NOON + 3 }))).toEqual(['c', 'b']);
    expect(idsOf(await store.ledger({ limit: 2, before: 's1' }))).toEqual(['c', 'b']);
  });

  test('a grade changes its own fields and nothing else', async () => {
    const store = await filled(await open());
    const [before] = await store.ledger({ task: 't1', limit: 1 });
    await store.grade('a', { score: 0.9 });
    await store.grade('a', { quality: 'failed' });
    await store.grade('none', { quality: 'failed' });
    expect(await store.ledger({ task: 't1', limit: 1 })).toEqual([{ ...before, score: 0.9, quality: 'failed' }]);
  });

  test('refusals have rows that are no calls: a report by outcome counts them, others leave them out', async () => {
    const store = await filled(await open());
    const span = { since: 0, until: NOON * 2 };
    const before = await store.report(['class'], span);
    const refused = {
      served: undefined,
      usage: {},
      refusals: 3,
      outcome: 'budget_exceeded',
      why: 'the budget is spent',
    };
    await store.addRefusals([aSettled('r', 0, refused), aSettled('q', 0, { ...refused, refusals: 1, key: 'web' })]);
    expect(await store.ledger({ limit: 2, until: NOON + 1 })).toMatchObject([{ id: 'r', ...refused }, { id: 'q' }]);
    expect(await store.report(['class'], span)).toEqual(before);
    const byOutcome = await store.report(['outcome'], span);
    expect(byOutcome.map(({ by, calls, refusals }) => [...by, calls, refusals])).toEqual([
      ['budget_exceeded', 0, 4],
      ['ok', 4, 0],
      ['upstream_timeout', 1, 0],
    ]);
    expect(await store.budgetUse('demo|*|total|0')).toEqual({ spentMicroUsd: 0, reservedMicroUsd: 0 });
  });

  test('feedback is kept with its row, its comments go by age and with their session, and all of it with the row', async () => {
    const store = await filled(await open());
    const given = {
      key: 'demo',
      team: undefined,
      endUser: undefined,
      promptClass: 'commodity',
      score: 0.5,
      label: 'x',
    };
    const comment = 'It was right.';
    const [old, late] = [
      { ...given, id: 'b.1', at: NOON, ledgerRow: 'b', comment },
      { ...given, id: 'b.2', at: NOON + 5, ledgerRow: 'b', comment },
    ];
    for (const one of [late, old, old]) expect(await store.addFeedback(one, 9)).toEqual(one);
    expect(await store.feedback(['a', 'b'])).toEqual([old, late]);
    expect((await store.feedbackSubject({ of: 'attempt', id: 'b' }))?.id).toBe('b');
    expect(await store.feedbackSubject({ of: 'attempt', id: 's1' })).toBeUndefined();
    expect((await store.feedbackSubject({ of: 'session', id: 's1' }))?.id).toBe('s1');
    await store.sweepResponses({ keptBefore: NOON + 5, logsBefore: 0 });
    expect((await store.feedback(['b'])).map((one) => one.comment)).toEqual([undefined, comment]);
    const [sum] = await store.report([], { since: 0, until: NOON * 2 });
    expect(sum).toMatchObject({ calls: 5, feedback: 0.5, feedbacks: 2 });
    await store.deleteOld({ of: 'ledger', than: NOON * 2 });
    expect(await store.feedback(['b'])).toEqual([]);
  });

  test('moments of measures by value count what is known, and leave refusals and what is under way out', async () => {
    const store = await filled(await open());
    await store.addRefusals([aSettled('r', 0, { refusals: 3, outcome: 'budget_exceeded' })]);
    const { commodity } = await store.moments('class', ['commodity', 'none'], { since: 0, until: NOON * 2 });
    expect(commodity).toMatchObject({
      score: { rows: 2, mean: expect.closeTo(0.15, 9), variance: expect.closeTo(0.005, 9) },
      costMicroUsd: { rows: 3, mean: expect.closeTo(157 / 3, 6) },
      feedback: { rows: 0, mean: 0, variance: 0 },
      ok: { rows: 4, mean: 0.75, variance: expect.closeTo(0.25, 9) },
    });
    expect(await store.moments('model', ['nobody'], { since: 0, until: NOON * 2, key: 'demo' })).toEqual({});
  });

  test('keeps why a target was taken, its terms, and the targets that policy refused', async () => {
    const store = await open();
    const decided = {
      ...{ why: 'first of 2 targets', retention: 'zdr', residency: 'eu' },
      refused: [{ target: 'router/small', reason: 'regulated text stays on direct targets' }],
    };
    await store.reserve([], 5, anAttempt('a', decided));
    expect(await store.ledger({ limit: 1 })).toMatchObject([{ outcome: 'pending', ...decided }]);
    await store.settle([{ row: aSettled('a', 7, decided), budgets: [], reservedMicroUsd: 5 }]);
    expect(await store.ledger({ limit: 1 })).toMatchObject([{ outcome: 'ok', ...decided }]);
  });

  test('keeps a grade that comes before the row is settled', async () => {
    const store = await open();
    await store.reserve([], 5, anAttempt('a'));
    await store.grade('a', { quality: 'repaired', score: 0.5 });
    await store.settle([{ row: aSettled('a', 7), budgets: [], reservedMicroUsd: 5 }]);
    expect(await store.ledger({ limit: 1 })).toMatchObject([{ costMicroUsd: 7, quality: 'repaired', score: 0.5 }]);
  });

  test('a report adds up costs, and counts unknown ones apart', async () => {
    const store = await filled(await open());
    const all = {
      calls: 5,
      refusals: 0,
      feedback: undefined,
      feedbacks: 0,
      inputTokens: 1400,
      outputTokens: 80,
      costMicroUsd: 10_157,
      unknownCosts: 1,
      savedMicroUsd: 8_600,
    };
    const [sum] = await store.report([], { since: 0, until: NOON * 2 });
    expect(sum).toEqual({
      by: [],
      ...all,
      rehearsals: 1,
      valid: 1,
      repaired: 1,
      failed: 1,
      score: 0.15,
      scores: 2,
      latencyMs: 11.5,
    });
    expect(await store.report([], { since: 0, until: 1 })).toEqual([]);
    expect(await store.report(['class'], { since: 0, until: 1 })).toEqual([]);
  });

  test('a report is by any fields, in their order, with days in UTC', async () => {
    const store = await filled(await open());
    const rows = await store.report(['day', 'model', 'team'], { since: 0, until: NOON * 2 });
    expect(rows.map(({ by, calls, costMicroUsd, score }) => [...by, calls, costMicroUsd, score])).toEqual([
      ['2026-03-01', 'gpt-realtime', 'support', 1, 10_000, undefined],
      ['2026-03-01', 'small-2', '', 1, 0, undefined],
      ['2026-03-01', 'small-2', 'support', 2, 150, 0.15],
      ['2026-03-02', 'small', 'support', 1, 7, undefined],
    ]);
    const paths = await store.report(['path', 'kind', 'class', 'gateway', 'key', 'outcome'], {
      since: NOON + 2,
      until: NOON + 4,
    });
    expect(paths.map(({ by }) => by.join(' '))).toEqual([
      'direct realtime realtime openai demo ok',
      'routed chat commodity router  ok',
    ]);
  });

  test('a report is by hours in UTC, of rows with some values alone, and of the sums that cost most', async () => {
    const store = await filled(await open());
    const span = { since: 0, until: NOON * 2 };
    expect((await store.report(['hour', 'path'], span)).map(({ by, calls }) => [...by, calls])).toEqual([
      ['2026-03-01T12:00Z', 'direct', 1],
      ['2026-03-01T12:00Z', 'routed', 3],
      ['2026-03-02T00:00Z', 'routed', 1],
    ]);
    const by = async (where: object, most?: number) =>
      (await store.report(['model', 'team'], { ...span, where, most })).map(({ by }) => by.join(' '));
    expect(await by({ path: 'routed' })).toEqual(['small support', 'small-2 ', 'small-2 support']);
    expect(await by({ team: '' })).toEqual(['small-2 ']);
    expect(await by({ team: 'support', path: 'direct' })).toEqual(['gpt-realtime support']);
    expect(await by({ model: "small' or 1 = 1" })).toEqual([]);
    expect(await by({}, 2)).toEqual(['gpt-realtime support', 'small-2 support']);
    const ofKey = await store.report(['key'], { ...span, key: 'demo', where: { key: '' } });
    expect(ofKey).toEqual([]);
    const { routed } = await store.moments('path', ['routed'], { ...span, where: { team: '' } });
    expect(routed?.ok).toMatchObject({ rows: 1, mean: 1 });
  });

  test('a report of one key has only its rows, and one of open mode those without a key', async () => {
    const store = await filled(await open());
    const costs = async (key: string | null) =>
      (await store.report(['key'], { since: 0, until: NOON * 2, key })).map(({ by }) => by);
    expect(await costs('demo')).toEqual([['demo']]);
    expect(await costs(null)).toEqual([['']]);
    expect(await costs('nobody')).toEqual([]);
  });

  test('absurd counts of a provider leave a report readable', async () => {
    const store = await open();
    const usage = { inputTokens: 9e12, outputTokens: 1 };
    for (let index = 0; index < 1500; index++)
      await store.settle([{ row: aSettled(`a${index}`, 1, { usage }), budgets: [], reservedMicroUsd: 0 }]);
    const [sum] = await store.report([], { since: 0, until: NOON * 2 });
    expect(sum).toMatchObject({ inputTokens: 13.5e15, outputTokens: 1500, costMicroUsd: 1500 });
  });
}
