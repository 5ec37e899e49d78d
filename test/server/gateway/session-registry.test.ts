// What a gateway process tells the supervisor of its sessions, and what it waits for.

import { expect, test } from 'vitest';
import { createSessionRegistry } from '../../../server/gateway/session-registry.ts';
import type { SessionRecord } from '../../../server/ipc/session-record.ts';
import type { Reservation } from '../../../server/ipc/session-reservation.ts';

/** A fleet, and what its supervisor hears. */
function watched() {
  const told: [name: string, argument: unknown][] = [];
  const fleet = createSessionRegistry({
    notify: (name, argument) => void told.push([name, argument]),
    call<Result>(name: string, argument: unknown) {
      told.push([name, argument]);
      return Promise.resolve('full' as Result);
    },
  });
  return { fleet, told };
}

const own: Reservation = { id: 'a', isOffered: false, key: 'web', maxSessions: undefined };

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
