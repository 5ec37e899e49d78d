// Suite of limits: places of open sessions are exact over all machines, and no minute has more than a rate lets.

import { expect, test } from 'vitest';
import type { LimitScope, RateStates } from '../../../../../server/ipc/limits.ts';
import type { LimitWish } from '../../../../../server/side/store/contract/limits.ts';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { aRealtime, NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const UNTIL = NOON + 30_000;
const key: LimitScope = { id: 'key|a', of: 'key', maxSessions: 2 };
const other: LimitScope = { id: 'key|b', of: 'key', maxSessions: 1 };

const open = (store: Store, owner: string, session: string, more: Partial<LimitWish> = {}) =>
  store.takeLimits({ scopes: [key], place: { owner, session }, uses: {}, now: NOON, ...more });
const kindsOf = async (answers: readonly Promise<{ readonly kind: string }>[]) =>
  (await Promise.all(answers)).map(({ kind }) => kind);

const rated = (rates: LimitScope['rates'], id = 'key|a'): LimitScope => ({ id, of: 'key', rates });
const use = (store: Store, scopes: readonly LimitScope[], more: Partial<LimitWish> = {}) =>
  store.takeLimits({ scopes, uses: { calls: 1 }, now: NOON, ...more });

export function limits({ open: openStore, beside }: Stores): void {
  test('of sessions that open at once on two machines as many get a place as the scope has, and freed places are free', async () => {
    const store = await openStore();
    const second = await beside(store);
    await Promise.all([store.renewLease('one', UNTIL), store.renewLease('two', UNTIL)]);
    const wishes = Array.from({ length: 20 }, (_, at) =>
      at % 2 ? open(store, 'one', `s${at}`) : open(second, 'two', `s${at}`),
    );
    const kinds = await kindsOf(wishes);
    expect(kinds.filter((kind) => kind === 'taken')).toHaveLength(2);
    const taken = kinds.flatMap((kind, at) => (kind === 'taken' ? [at] : []));
    const [first = 0] = taken;
    await store.givePlaces(first % 2 ? 'one' : 'two', [`s${first}`]);
    expect((await kindsOf([open(second, 'two', 'late'), open(second, 'two', 'later')])).sort()).toEqual([
      'full',
      'taken',
    ]);
  });

  test('a session takes its places in all scopes or in none', async () => {
    const store = await openStore();
    await store.renewLease('one', UNTIL);
    expect(await open(store, 'one', 's1', { scopes: [key, other] })).toMatchObject({ kind: 'taken' });
    expect(await open(store, 'one', 's2', { scopes: [key, other] })).toEqual({ kind: 'full', scope: other });
    expect(await open(store, 'one', 's3')).toMatchObject({ kind: 'taken' });
    expect(await open(store, 'one', 's4')).toEqual({ kind: 'full', scope: key });
    await store.givePlaces('one', ['s1']);
    expect(await open(store, 'one', 's5', { scopes: [key, other] })).toMatchObject({ kind: 'taken' });
  });

  test('places of an instance without a lease are free, and count again when it comes back', async () => {
    const store = await openStore();
    await store.renewLease('gone', NOON);
    await store.renewLease('one', UNTIL);
    await open(store, 'gone', 's1');
    await open(store, 'gone', 's2');
    expect(await open(store, 'one', 's3', { isTrial: true })).toMatchObject({ kind: 'taken' });
    await store.renewLease('gone', UNTIL);
    expect(await open(store, 'one', 's3')).toMatchObject({ kind: 'full' });
    await store.releaseLease('gone');
    expect(await kindsOf([open(store, 'one', 's3'), open(store, 'one', 's4')])).toEqual(['taken', 'taken']);
    expect(await open(store, 'one', 's5')).toMatchObject({ kind: 'full' });
  });

  test('the places of an instance are replaced by those that it has, but for those that it took meanwhile', async () => {
    const store = await openStore();
    await store.renewLease('one', UNTIL);
    await open(store, 'one', 'ended');
    await open(store, 'one', 'new', { now: NOON + 10 });
    await store.replacePlaces('one', [{ session: 'lost', scopes: [other.id] }], NOON + 10);
    expect(await open(store, 'one', 's1')).toMatchObject({ kind: 'taken' });
    expect(await open(store, 'one', 's2')).toMatchObject({ kind: 'full' });
    expect(await open(store, 'one', 's2', { scopes: [other] })).toMatchObject({ kind: 'full' });
  });

  test('a rate lets no minute have more, whenever it begins, and says when there is room again', async () => {
    const store = await openStore();
    const scopes = [rated({ callsPerMinute: 3 })];
    const at = (ms: number, more: Partial<LimitWish> = {}) => use(store, scopes, { now: NOON + ms, ...more });
    expect(await at(500)).toEqual({ kind: 'taken', rates: { calls: { limit: 3, left: 2, resetMs: 60_000 } } });
    await at(10_000);
    await at(30_000);
    const beyond = { kind: 'beyond', scope: scopes[0], rate: 'calls' };
    const rates = { calls: { limit: 3, left: 0, resetMs: 59_000 } };
    expect(await at(31_000)).toEqual({ ...beyond, waitMs: 29_500, rates });
    expect(await at(60_499)).toMatchObject({ ...beyond, waitMs: 1 });
    expect(await at(60_500, { isTrial: true })).toMatchObject({ kind: 'taken', rates: { calls: { left: 1 } } });
    expect(await kindsOf([at(60_500)])).toEqual(['taken']);
    expect(await at(60_600)).toMatchObject({ ...beyond, waitMs: 9400 });
  });

  test('calls at once on two machines pass a rate no more often than it says', async () => {
    const store = await openStore();
    const second = await beside(store);
    const scopes = [rated({ callsPerMinute: 7 }), rated({ callsPerMinute: 100 }, 'key|b')];
    const calls = Array.from({ length: 40 }, (_, at) =>
      use(at % 2 ? store : second, at % 3 ? scopes : scopes.toReversed()),
    );
    expect((await kindsOf(calls)).filter((kind) => kind === 'taken')).toHaveLength(7);
    // A call that was refused in one scope counts in no other, and the headers are those of the scope with the least.
    const answer = await use(store, [rated({ callsPerMinute: 100 }, 'key|b')], { isTrial: true });
    expect(answer).toMatchObject({ rates: { calls: { limit: 100, left: 93 } } });
  });

  test('a rate of tokens counts an estimate, and what was used in its place', async () => {
    const store = await openStore();
    const scopes = [rated({ tokensPerMinute: 1000 })];
    const ask = (tokens: number, ms: number) => use(store, scopes, { uses: { calls: 1, tokens }, now: NOON + ms });
    const correct = (amount: number, takenAt: number, ms: number) =>
      store.correctRate({ scopes: ['key|a'], rate: 'tokens', amount, takenAt: NOON + takenAt, now: NOON + ms });
    expect(await ask(1001, 0)).toMatchObject({ kind: 'beyond', rate: 'tokens', waitMs: undefined });
    expect(await ask(900, 0)).toMatchObject({ rates: { tokens: { limit: 1000, left: 100 } } });
    expect(await ask(200, 5000)).toMatchObject({ kind: 'beyond', waitMs: 55_000 });
    await correct(-700, 0, 6000);
    expect(await ask(200, 7000)).toMatchObject({ rates: { tokens: { left: 600 } } });
    await correct(650, 7000, 8000);
    expect(await ask(0, 9000)).toMatchObject({ kind: 'beyond', rate: 'tokens', waitMs: 51_000 });
    // An estimate that no longer counts is not given back a second time.
    await correct(-1000, 0, 61_000);
    expect(await ask(100, 61_000)).toMatchObject({ rates: { tokens: { left: 50 } } });
  });

  test('tokens of a session count as its row grows, once, and in each scope', async () => {
    const store = await openStore();
    const scopes = [rated({ tokensPerMinute: 100 }), rated({ tokensPerMinute: 50 }, 'team|b')];
    const commit = (tokens: number) =>
      store.commitSessions({
        ledger: [aRealtime('s1', tokens, { at: NOON }), aRealtime('s2', tokens, { at: NOON })],
        counted: { s1: ['key|a', 'team|b'], s2: ['key|a'] },
      });
    const left = async () =>
      Promise.all(
        scopes.map(async (scope) => {
          const { rates } = (await use(store, [scope], { uses: { tokens: 0 }, isTrial: true })) as {
            rates: RateStates;
          };
          return rates.tokens?.left;
        }),
      );
    await commit(10);
    await commit(10);
    expect(await left()).toEqual([80, 40]);
    await commit(25);
    expect(await left()).toEqual([50, 25]);
    await commit(60);
    expect(await left()).toEqual([0, 0]);
  });

  test('forgets what nobody has used for long', async () => {
    const store = await openStore();
    await use(store, [rated({ callsPerMinute: 1 })]);
    await open(store, 'gone', 's1', { scopes: [other] });
    await store.removeOldLimits(NOON + 1);
    expect(await use(store, [rated({ callsPerMinute: 1 })], { now: NOON + 2 })).toMatchObject({ kind: 'taken' });
    await store.renewLease('gone', UNTIL);
    await store.renewLease('one', UNTIL);
    expect(await open(store, 'one', 's2', { scopes: [other] })).toMatchObject({ kind: 'taken' });
  });
}
