// The live sessions of a process: those that end where memory is short.

import { expect, test } from 'vitest';
import { LiveSessions } from '../../../../server/gateway/sessions/live-sessions.ts';
import { reasons } from '../../../../server/session/close-reason.ts';

/** Adds sessions by the time of their last message; undefined: in a turn. Returns the ids of those that end, in their order. */
function sessionsQuietSince(times: readonly (number | undefined)[]) {
  const sessions = new LiveSessions();
  const ended: string[] = [];
  times.forEach((quietSince, index) => {
    const end = () => void ended.push(String(index));
    sessions.add(String(index), { session: { quietSince, end } as never, key: undefined });
  });
  return { sessions, ended };
}

test('of the sessions between turns those end that have been without a message for longest, a twentieth of all at a time', () => {
  const { sessions, ended } = sessionsQuietSince(Array.from({ length: 60 }, (_, index) => (index * 7) % 60));
  sessions.endIdlest(reasons.shortOfMemory, 1);
  expect(ended).toEqual(['0', '43', '26']);
  sessions.endIdlest(reasons.shortOfMemory, 2);
  expect(ended).toHaveLength(9);
});

test('of a few sessions one ends, and none that is in a turn', () => {
  const { sessions, ended } = sessionsQuietSince([undefined, 9, 5, undefined]);
  sessions.endIdlest(reasons.shortOfMemory, 1);
  expect(ended).toEqual(['2']);
  const { sessions: busy, ended: none } = sessionsQuietSince([undefined, undefined]);
  busy.endIdlest(reasons.shortOfMemory, 1);
  expect(none).toEqual([]);
});
