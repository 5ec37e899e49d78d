// The places that all processes share: unique ids, a limit for each key, and what happens when a process dies.

import { expect, test } from 'vitest';
import { type Claim, createPlaces, joinFleet, keepLast } from '../../../server/gateway/session-registry.ts';
import type { SessionRecord } from '../../../server/session/session.ts';

const claim = (id: string, key?: string, maxSessions?: number) => ({ id, isOffered: true, key, maxSessions });

test('an id is taken once, whoever asks, until it is given back', () => {
  const places = createPlaces<string>();
  expect(places.reserve(claim('a'), 'one')).toBe('granted');
  expect(places.reserve(claim('a'), 'one')).toBe('duplicate');
  expect(places.reserve(claim('a', 'web'), 'two')).toBe('duplicate');
  places.release('a');
  expect(places.reserve(claim('a'), 'two')).toBe('granted');
});

test('a key has so many places in all processes together', () => {
  const places = createPlaces<string>();
  expect(places.reserve(claim('a', 'web', 2), 'one')).toBe('granted');
  expect(places.reserve(claim('b', 'web', 2), 'two')).toBe('granted');
  expect(places.reserve(claim('c', 'web', 2), 'one')).toBe('full');
  expect(places.reserve(claim('d', 'other', 2), 'one')).toBe('granted');
  expect(places.reserve(claim('e'), 'one')).toBe('granted');
  places.release('a');
  expect(places.reserve(claim('c', 'web', 2), 'one')).toBe('granted');
});

test('a place is given back once, however often that is said', () => {
  const places = createPlaces<string>();
  places.reserve(claim('a', 'web', 1), 'one');
  places.release('a');
  places.release('a');
  places.release('never');
  expect(places.reserve(claim('b', 'web', 1), 'one')).toBe('granted');
  expect(places.reserve(claim('c', 'web', 1), 'one')).toBe('full');
});

test('the places of a process that died are free, the others are not', () => {
  const places = createPlaces<string>();
  places.reserve(claim('a', 'web', 2), 'one');
  places.reserve(claim('b', 'web', 2), 'two');
  places.releaseAll('one');
  expect(places.reserve(claim('c', 'web', 2), 'two')).toBe('granted');
  expect(places.reserve(claim('d', 'web', 2), 'two')).toBe('full');
  expect(places.reserve(claim('b'), 'one')).toBe('duplicate');
});

/** A fleet, and what its supervisor hears. */
function watched() {
  const told: [name: string, argument: unknown][] = [];
  const fleet = joinFleet({
    tell: (name, argument) => void told.push([name, argument]),
    call<Result>(name: string, argument: unknown) {
      told.push([name, argument]);
      return Promise.resolve('full' as Result);
    },
  });
  return { fleet, told };
}

const own: Claim = { id: 'a', isOffered: false, key: 'web', maxSessions: undefined };

test('an id of our own, of a key without a limit, has its place at once, and the supervisor hears of it when it is open', () => {
  const { fleet, told } = watched();
  expect(fleet.reserve(own)).toBe('granted');
  expect(told).toEqual([]);
  fleet.opened('a');
  fleet.opened('a');
  expect(told).toEqual([['reserve', own]]);
  fleet.release('a');
  expect(told).toEqual([
    ['reserve', own],
    ['release', 'a'],
  ]);
});

test('of a session that never opened the supervisor hears nothing', () => {
  const { fleet, told } = watched();
  void fleet.reserve(own);
  fleet.release('a');
  fleet.opened('a');
  expect(told).toEqual([]);
});

test('a session that ended before the supervisor was told of it leaves no place behind', () => {
  const { fleet, told } = watched();
  const record = { id: 'a' } as SessionRecord;
  void fleet.reserve(own);
  fleet.ended(record);
  fleet.opened('a');
  expect(told).toEqual([['ended', record]]);
});

test.each([
  ['an id of the client', { ...own, isOffered: true }],
  ['a key with a limit', { ...own, maxSessions: 1 }],
])('%s waits for the answer of the supervisor, and its place is given back', async (_, claim) => {
  const { fleet, told } = watched();
  expect(await fleet.reserve(claim)).toBe('full');
  fleet.opened('a');
  fleet.release('a');
  expect(told).toEqual([
    ['reserve', claim],
    ['release', 'a'],
  ]);
});

test('the last ones are kept, the oldest goes first', () => {
  const kept = keepLast<{ id: string; turn?: number }>(2);
  kept.add({ id: 'a' });
  kept.add({ id: 'b' });
  kept.add({ id: 'a', turn: 2 });
  kept.add({ id: 'c' });
  expect(kept.get('b')).toBeUndefined();
  expect(kept.get('a')).toEqual({ id: 'a', turn: 2 });
  expect(kept.get('c')).toEqual({ id: 'c' });
});
