// Tests what is read of a session for one that continues it: the newest summary, the turns that it lacks, and earlier sessions.

import { beforeEach, describe, expect, test } from 'vitest';
import { earlierHistory, historyOf } from '../../../../server/side/prompts/history.ts';
import { createFakeStore, type FakeStore, storedSession, storedTask } from '../../../support/fake-store.ts';
import { aTurn, NOON } from '../../../support/side-records.ts';

let store: FakeStore;
beforeEach(() => {
  store = createFakeStore();
});

function keep(
  id: string,
  turns: number,
  more: Parameters<typeof storedSession>[0] extends infer S ? Partial<S> : never = {},
) {
  const session = storedSession({ ...more, id });
  store.rows.sessions.push(session);
  for (let number = 1; number <= turns; number += 1) store.rows.turns.push(aTurn(id, number));
  return session;
}

function summarise(session: string, name: string, more: Partial<Parameters<typeof storedTask>[0]> = {}): void {
  const task = { kind: 'rolling-summary', state: 'done', result: `"${name}"`, session } as const;
  store.rows.tasks.push(storedTask({ ...task, id: `${session}.rolling-summary.${name}`, ...more }));
}

const everyTurns = (number: number) => JSON.stringify({ every: 'turns', number });
const told = async (...asked: Parameters<typeof historyOf>) => {
  const { summary, turns } = await historyOf(...asked);
  return [summary, turns.map(({ session, number }) => `${session}${number}`)];
};

test('the history is all turns where there is no summary', async () => {
  expect(await told(keep('a', 3), store)).toEqual([undefined, ['a1', 'a2', 'a3']]);
});

test('the history is the summary that covers most, and the turns since', async () => {
  const session = keep('a', 5);
  summarise('a', 'of two', { input: everyTurns(2), updatedAt: NOON + 99 });
  summarise('a', 'of four', { input: everyTurns(4), updatedAt: NOON });
  expect(await told(session, store)).toEqual(['"of four"', ['a5']]);
});

test('a summary that is not done, or was forgotten, does not count', async () => {
  const session = keep('a', 2);
  summarise('a', 'waiting', { state: 'queued' });
  summarise('a', 'forgotten', { result: undefined });
  summarise('a', 'of another kind', { kind: 'summary' });
  expect(await told(session, store)).toEqual([undefined, ['a1', 'a2']]);
});

test('a summary by time is followed by the turns that may have come too late for it', async () => {
  const session = keep('a', 9);
  // Turn 3 ended 3.5 s after noon.
  summarise('a', 'by time', { input: '{"every":"minutes","number":1}', runAt: NOON + 3500 + 5000 });
  expect(await told(session, store)).toEqual(['"by time"', ['a4', 'a5', 'a6', 'a7', 'a8', 'a9']]);
});

describe('a session that itself continued one', () => {
  test('a session that continues another one has its history, until it has a summary of its own', async () => {
    keep('a', 3);
    summarise('a', 'of a', { input: everyTurns(2) });
    keep('b', 1, { continues: 'a' });
    const session = keep('c', 1, { continues: 'b' });
    expect(await told(session, store)).toEqual(['"of a"', ['a3', 'b1', 'c1']]);
    summarise('c', 'of c', { input: everyTurns(1) });
    expect(await told(session, store)).toEqual(['"of c"', []]);
    expect(await earlierHistory(session, store)).toMatchObject({
      summary: '"of a"',
      turns: [{ session: 'a' }, { session: 'b' }],
    });
  });

  test.each([
    ['of another key', { key: 'other' }],
    ['that is regulated, where it is not', { key: 'web', dataClass: 'regulated' as const }],
  ])('a session gets no history of one %s', async (_what, earlier) => {
    keep('a', 2, earlier);
    const session = keep('b', 1, { key: 'web', continues: 'a' });
    expect(await told(session, store)).toEqual([undefined, ['b1']]);
    expect(await earlierHistory(session, store)).toBeUndefined();
  });

  test('a regulated session gets the history of a regulated one', async () => {
    keep('a', 1, { dataClass: 'regulated' });
    const session = keep('b', 1, { dataClass: 'regulated', continues: 'a' });
    expect(await told(session, store)).toEqual([undefined, ['a1', 'b1']]);
  });

  test('the history comes to an end, also in a circle, and behind a session that is gone', async () => {
    keep('a', 1, { continues: 'b' });
    const session = keep('b', 1, { continues: 'a' });
    expect((await historyOf(session, store)).turns).toHaveLength(16);
    expect(await told(keep('c', 1, { continues: 'gone' }), store)).toEqual([undefined, ['c1']]);
  });
});
