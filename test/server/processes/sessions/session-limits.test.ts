// Tests what a supervisor asks the store for its sessions, and what it does while the store does not answer.

import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { HeldPlaces, LimitScope, SessionWish } from '../../../../server/ipc/limits.ts';
import type { Reservation } from '../../../../server/ipc/session-reservation.ts';
import { SessionLimits } from '../../../../server/processes/sessions/session-limits.ts';
import { until } from '../../../support/until.ts';

const web: LimitScope = { id: 'key|web', of: 'key', maxSessions: 2 };
const full = { kind: 'full', scope: web } as const;
const reservation = (id: string, scopes: readonly LimitScope[] = [web]): Reservation => ({
  ...{ id, isOffered: false, key: 'web', scopes },
});

/** A store that answers as it is told; `asked` has the names and arguments of what it was asked. */
function limitsOf(isShared = true, answerMs?: number) {
  const asked: [string, unknown][] = [];
  const held: Reservation[] = [];
  const store = { answer: async (_: SessionWish): Promise<unknown> => 'granted', isAway: false };
  const limits = new SessionLimits({
    ...{ isShared, answerMs, retryMs: 20, held: () => held, log: pino({ level: 'silent' }) },
    async ask<Answer>(name: string, argument: unknown) {
      asked.push([name, argument]);
      if (store.isAway) throw new Error('away');
      return (name === 'takeLimits' ? await store.answer(argument as SessionWish) : undefined) as Answer;
    },
  });
  const take = (id: string, scopes?: readonly LimitScope[]) => {
    held.push(reservation(id, scopes));
    return limits.take(reservation(id, scopes));
  };
  const give = (id: string) => {
    held.splice(0, held.length, ...held.filter((one) => one.id !== id));
    limits.give(id);
  };
  return { limits, asked, store, take, give, named: (name: string) => asked.filter(([one]) => one === name) };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('asks nobody for a session whose limits this machine keeps alone, or that has none', async () => {
  const alone = limitsOf(false);
  expect(await alone.take('a')).toBe('granted');
  const shared = limitsOf();
  expect(await shared.take('a', [{ id: 'key|web', of: 'key' }])).toBe('granted');
  alone.give('a');
  shared.give('a');
  await nextTurn();
  expect([alone.asked, shared.asked]).toEqual([[], []]);
});

test('takes a place where machines share the store, and gives it back once', async () => {
  const { take, give, asked } = limitsOf();
  const free: LimitScope = { id: 'team|a', of: 'key' };
  expect(await take('a', [web, free])).toBe('granted');
  give('a');
  give('a');
  await nextTurn();
  expect(asked).toEqual([
    ['takeLimits', { session: 'a', scopes: [web], isTrial: false }],
    ['givePlaces', ['a']],
  ]);
});

test('asks for the rate of sessions, also where this machine counts the places', async () => {
  const { take, give, asked } = limitsOf(false);
  const rated: LimitScope = { ...web, rates: { sessionsPerMinute: 3 } };
  await take('a', [rated]);
  give('a');
  await nextTurn();
  expect(asked).toEqual([['takeLimits', { session: undefined, scopes: [rated], isTrial: false }]]);
});

test('asks nobody for a session of a key that is known to be beyond its rate', async () => {
  const { take, store, named } = limitsOf(false);
  const rated: LimitScope = { id: 'key|web', of: 'key', rates: { sessionsPerMinute: 1 } };
  store.answer = async () => ({ kind: 'beyond', scope: rated, rate: 'sessions', waitMs: 60_000, rates: {} });
  for (const id of ['a', 'b', 'c']) expect(await take(id, [rated])).toMatchObject({ kind: 'beyond', rate: 'sessions' });
  expect(named('takeLimits')).toHaveLength(1);
});

test('asks a second time where the places are taken, since one may just be given back', async () => {
  const { take, store, named } = limitsOf();
  const answers: unknown[] = [full, 'granted', full, full];
  store.answer = async () => answers.shift();
  expect(await take('a')).toBe('granted');
  expect(await take('b')).toEqual(full);
  expect(named('takeLimits')).toHaveLength(4);
});

test('gives a place back that was asked for and is not needed any more', async () => {
  const { take, give, store, asked, named } = limitsOf();
  const answer = Promise.withResolvers<unknown>();
  store.answer = () => answer.promise;
  const taking = take('a');
  give('a');
  await nextTurn();
  expect(named('givePlaces')).toEqual([]);
  answer.resolve('granted');
  await taking;
  await nextTurn();
  expect(asked.at(-1)).toEqual(['givePlaces', ['a']]);
});

describe('while the store does not answer', () => {
  test('sessions open, and all places are told once it does', async () => {
    const { take, give, store, named } = limitsOf();
    await take('early');
    store.isAway = true;
    expect(await take('a')).toBe('granted');
    expect(await take('b')).toBe('granted');
    give('b');
    give('early');
    await until(() => named('replacePlaces').length > 1);
    store.isAway = false;
    const tries = named('replacePlaces').length;
    await until(() => named('replacePlaces').length > tries);
    const [, told] = named('replacePlaces').at(-1) as [string, HeldPlaces];
    expect(told.places).toEqual([{ session: 'a', scopes: ['key|web'] }]);
    expect(told.asOf).toBeLessThanOrEqual(Date.now());
  });

  test('a client does not wait for longer than the limit, and the late answer changes nothing', async () => {
    const { take, store, give, asked, named } = limitsOf(true, 30);
    const answer = Promise.withResolvers<unknown>();
    store.answer = () => answer.promise;
    expect(await take('a')).toBe('granted');
    answer.resolve({ kind: 'beyond' });
    await nextTurn();
    await until(() => named('replacePlaces').length > 0);
    give('a');
    await until(() => asked.at(-1)?.[0] === 'givePlaces');
    expect(asked.at(-1)).toEqual(['givePlaces', ['a']]);
  });
});
