// The places that all processes share: unique ids, a limit for each key, and what happens when a process dies.

import { expect, test } from 'vitest';
import { createSessionTable, keepLast } from '../../../server/processes/session-table.ts';

const claim = (id: string, key?: string, maxSessions?: number) => ({ id, isOffered: true, key, maxSessions });

test('an id is taken once, whoever asks, until it is given back', () => {
  const places = createSessionTable<string>();
  expect(places.reserve(claim('a'), 'one')).toBe('granted');
  expect(places.reserve(claim('a'), 'one')).toBe('duplicate');
  expect(places.reserve(claim('a', 'web'), 'two')).toBe('duplicate');
  places.release('a');
  expect(places.reserve(claim('a'), 'two')).toBe('granted');
});

test('a key has so many places in all processes together', () => {
  const places = createSessionTable<string>();
  expect(places.reserve(claim('a', 'web', 2), 'one')).toBe('granted');
  expect(places.reserve(claim('b', 'web', 2), 'two')).toBe('granted');
  expect(places.reserve(claim('c', 'web', 2), 'one')).toBe('full');
  expect(places.reserve(claim('d', 'other', 2), 'one')).toBe('granted');
  expect(places.reserve(claim('e'), 'one')).toBe('granted');
  places.release('a');
  expect(places.reserve(claim('c', 'web', 2), 'one')).toBe('granted');
});

test('a place is given back once, however often that is said', () => {
  const places = createSessionTable<string>();
  places.reserve(claim('a', 'web', 1), 'one');
  places.release('a');
  places.release('a');
  places.release('never');
  expect(places.reserve(claim('b', 'web', 1), 'one')).toBe('granted');
  expect(places.reserve(claim('c', 'web', 1), 'one')).toBe('full');
});

test('the places of a process that died are free, the others are not', () => {
  const places = createSessionTable<string>();
  places.reserve(claim('a', 'web', 2), 'one');
  places.reserve(claim('b', 'web', 2), 'two');
  places.releaseAll('one');
  expect(places.reserve(claim('c', 'web', 2), 'two')).toBe('granted');
  expect(places.reserve(claim('d', 'web', 2), 'two')).toBe('full');
  expect(places.reserve(claim('b'), 'one')).toBe('duplicate');
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
