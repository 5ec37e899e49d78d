// The sessions of all processes: unique ids, limits, and what happens when a process dies.

import { expect, test } from 'vitest';
import type { SessionRecord } from '../../../../server/ipc/session-record.ts';
import { SessionTable } from '../../../../server/processes/sessions/session-table.ts';

const reservation = (id: string, key?: string, maxSessions?: number) => ({
  ...{ id, isOffered: true, key },
  scopes: maxSessions === undefined ? [] : [{ id: `key|${key}`, of: 'key', maxSessions } as const],
});

test('grants an id once, whichever process asks, until it is released', () => {
  const table = new SessionTable<string>();
  expect(table.reserve(reservation('a'), 'one')).toBe('granted');
  expect(table.reserve(reservation('a'), 'one')).toBe('duplicate');
  expect(table.reserve(reservation('a', 'web'), 'two')).toBe('duplicate');
  table.release('a');
  expect(table.reserve(reservation('a'), 'two')).toBe('granted');
});

test('grants a key maxSessions in all processes together', () => {
  const table = new SessionTable<string>();
  expect(table.reserve(reservation('a', 'web', 2), 'one')).toBe('granted');
  expect(table.reserve(reservation('b', 'web', 2), 'two')).toBe('granted');
  expect(table.reserve(reservation('c', 'web', 2), 'one')).toMatchObject({ kind: 'full', scope: { of: 'key' } });
  expect(table.reserve(reservation('d', 'other', 2), 'one')).toBe('granted');
  expect(table.reserve(reservation('e'), 'one')).toBe('granted');
  table.release('a');
  expect(table.reserve(reservation('c', 'web', 2), 'one')).toBe('granted');
});

test('releases a session once, however often that is asked', () => {
  const table = new SessionTable<string>();
  table.reserve(reservation('a', 'web', 1), 'one');
  table.release('a');
  table.release('a');
  table.release('never');
  expect(table.reserve(reservation('b', 'web', 1), 'one')).toBe('granted');
  expect(table.reserve(reservation('c', 'web', 1), 'one')).toMatchObject({ kind: 'full', scope: { of: 'key' } });
});

test('releases the sessions of one process and no other', () => {
  const table = new SessionTable<string>();
  table.reserve(reservation('a', 'web', 2), 'one');
  table.reserve(reservation('b', 'web', 2), 'two');
  table.releaseAll('one');
  expect(table.reserve(reservation('c', 'web', 2), 'two')).toBe('granted');
  expect(table.reserve(reservation('d', 'web', 2), 'two')).toMatchObject({ kind: 'full', scope: { of: 'key' } });
  expect(table.reserve(reservation('b'), 'one')).toBe('duplicate');
});

test('keeps the newest 1000 records of ended sessions, and releases the sessions', () => {
  const table = new SessionTable<string>();
  const record = (id: string, frames = 0) => ({ id, frames: { upstream: frames, downstream: 0 } }) as SessionRecord;
  table.reserve(reservation('0', 'web', 1), 'one');
  for (let number = 0; number < 1000; number++) table.ended(record(`${number}`));
  expect(table.reserve(reservation('next', 'web', 1), 'one')).toBe('granted');
  table.ended(record('0', 7));
  table.ended(record('1000'));
  expect(table.endedRecord('1')).toBeUndefined();
  expect(table.endedRecord('0')?.frames.upstream).toBe(7);
  expect(table.endedRecord('1000')?.id).toBe('1000');
});
