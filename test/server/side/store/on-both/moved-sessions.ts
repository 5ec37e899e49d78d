// Suite of sessions that a gateway process has left: one taker gets each, until it expires, and nobody ends it meanwhile.

import { expect, test } from 'vitest';
import { aSession, NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const left = (id: string, more: object = {}) => ({
  ...{ id, session: id, owner: 'digest', received: 1, sent: 2, state: 'c3RhdGU=', expiresAt: NOON + 30_000 },
  ...more,
});

export function movedSessions({ open, beside }: Stores): void {
  test('a session that was left is found by its id and credential, or by its row, until it expires', async () => {
    const store = await open();
    await store.leaveSession(left('a'));
    expect(await store.movedSession('a', 'digest', NOON)).toEqual(left('a'));
    expect(await store.movedSession('a', undefined, NOON)).toEqual(left('a'));
    expect(await store.movedSession('a', 'of another', NOON)).toBeUndefined();
    expect(await store.movedSession('a', 'digest', NOON + 30_000)).toBeUndefined();
    expect(await store.removeExpiredMoved(NOON + 29_999)).toBe(0);
    expect(await store.removeExpiredMoved(NOON + 30_000)).toBe(1);
    await store.leaveSession(left('b'));
    await store.leaveSession(left('b', { sent: 3 }));
    expect(await store.movedSession('b', 'digest', NOON)).toMatchObject({ sent: 3 });
    await store.dropMoved('b');
    expect(await store.movedSession('b', 'digest', NOON)).toBeUndefined();
  });

  test('of many who take a session at once on two machines one gets it, and its row', async () => {
    const store = await open();
    const other = await beside(store);
    await store.commitSessions({ started: [aSession('a', { owner: 'old' })] });
    await store.leaveSession(left('a'));
    expect(await store.takeMoved('a', 'of another', 'machine', NOON)).toBe(false);
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? store : other).takeMoved('a', 'digest', `machine ${index % 2}`, NOON),
      ),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
    const winner = taken.indexOf(true) % 2;
    expect(await store.session('a')).toMatchObject({ owner: `machine ${winner}` });
    expect(await store.movedSession('a', 'digest', NOON)).toBeUndefined();
  });

  test('a session that was left is not ended for want of its instance, until its time is over', async () => {
    const store = await open();
    await store.commitSessions({ started: [aSession('a', { owner: 'old', startedAt: NOON })] });
    await store.leaveSession(left('a'));
    await store.releaseLease('old');
    expect(await store.recoverSessions('new', NOON)).toEqual([]);
    expect(await store.recoverSessions('new', NOON + 30_000)).toMatchObject([{ id: 'a' }]);
    expect(await store.session('a')).toMatchObject({ reason: 'recovered' });
  });
}
