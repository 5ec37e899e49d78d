// Checks which calls to the supervisor a gateway process makes for its sessions, and which of them it waits for.

import { expect, test } from 'vitest';
import { createSessionRegistry } from '../../../../server/gateway/sessions/session-registry.ts';
import type { SessionRecord } from '../../../../server/ipc/session-record.ts';
import type { Reservation } from '../../../../server/ipc/session-reservation.ts';

/** A registry, and the calls that its supervisor gets; `flush` is what makes sure that those before it are sent. */
function watched() {
  const told: unknown[][] = [];
  const registry = createSessionRegistry({
    notify: (...call) => void told.push(call),
    flush: () => void told.push(['flush']),
    call<Result>(name: string, argument: unknown) {
      told.push([name, argument]);
      return Promise.resolve(full as Result);
    },
  });
  return { registry, told };
}

const own: Reservation = { id: 'a', isOffered: false, key: 'web', scopes: [] };
const full = { kind: 'full', scope: { id: 'key|web', of: 'key', maxSessions: 1 } } as const;
const record = { id: 'a' } as SessionRecord;

test('gives a new id of a key without a limit its place at once, and tells the supervisor before the session is open', () => {
  const { registry, told } = watched();
  expect(registry.reserve(own)).toBe('granted');
  expect(told).toEqual([]);
  registry.announce('a', undefined);
  registry.announce('a', undefined);
  const announced = ['announced', { reservation: own, started: undefined }, 'this-turn'];
  expect(told).toEqual([announced]);
  registry.opened();
  registry.release('a');
  expect(told).toEqual([announced, ['flush'], ['release', 'a']]);
});

test('tells the supervisor nothing of a session that was not announced', () => {
  const { registry, told } = watched();
  void registry.reserve(own);
  registry.release('a');
  registry.announce('a', undefined);
  expect(told).toEqual([]);
});

test('tells of an end with whatever goes next, and at once where somebody may wait for the place', () => {
  const { registry, told } = watched();
  void registry.reserve(own);
  registry.announce('a', undefined);
  registry.ended(record);
  void registry.reserve({ ...own, isOffered: true });
  registry.ended(record);
  expect(told.filter(([name]) => name === 'ended')).toEqual([
    ['ended', record, 'later'],
    ['ended', record, 'now'],
  ]);
});

test.each([
  ['an id of the client', { ...own, isOffered: true }],
  ['a key with a limit', { ...own, scopes: [full.scope] }],
])('waits for the supervisor to reserve %s, and gives the place back', async (_, claim) => {
  const { registry, told } = watched();
  expect(await registry.reserve(claim)).toBe(full);
  registry.announce('a', undefined);
  registry.release('a');
  expect(told).toEqual([
    ['reserve', claim],
    ['release', 'a'],
  ]);
});
