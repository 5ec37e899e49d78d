// Checks which calls to the supervisor a gateway process makes for its sessions, and which of them it waits for.

import { expect, test } from 'vitest';
import { createSessionRegistry } from '../../../server/gateway/session-registry.ts';
import type { SessionRecord } from '../../../server/ipc/session-record.ts';
import type { Reservation } from '../../../server/ipc/session-reservation.ts';

/** A registry, and the calls that its supervisor gets. */
function watched() {
  const told: [name: string, argument: unknown][] = [];
  const registry = createSessionRegistry({
    notify: (name, argument) => void told.push([name, argument]),
    call<Result>(name: string, argument: unknown) {
      told.push([name, argument]);
      return Promise.resolve('full' as Result);
    },
  });
  return { registry, told };
}

const own: Reservation = { id: 'a', isOffered: false, key: 'web', maxSessions: undefined };

test('gives a new id of a key without a limit its place at once, and tells the supervisor when the session is open', () => {
  const { registry, told } = watched();
  expect(registry.reserve(own)).toBe('granted');
  expect(told).toEqual([]);
  registry.opened('a', undefined);
  registry.opened('a', undefined);
  const opened = ['opened', { reservation: own, started: undefined }];
  expect(told).toEqual([opened]);
  registry.release('a');
  expect(told).toEqual([opened, ['release', 'a']]);
});

test('tells the supervisor nothing of a session that never opened', () => {
  const { registry, told } = watched();
  void registry.reserve(own);
  registry.release('a');
  registry.opened('a', undefined);
  expect(told).toEqual([]);
});

test('leaves no place behind for a session that ended before the supervisor was told of it', () => {
  const { registry, told } = watched();
  const record = { id: 'a' } as SessionRecord;
  void registry.reserve(own);
  registry.ended(record);
  registry.opened('a', undefined);
  expect(told).toEqual([['ended', record]]);
});

test.each([
  ['an id of the client', { ...own, isOffered: true }],
  ['a key with a limit', { ...own, maxSessions: 1 }],
])('waits for the supervisor to reserve %s, and gives the place back', async (_, claim) => {
  const { registry, told } = watched();
  expect(await registry.reserve(claim)).toBe('full');
  registry.opened('a', undefined);
  registry.release('a');
  expect(told).toEqual([
    ['reserve', claim],
    ['release', 'a'],
  ]);
});
