// Tests what the tasks of sessions work on, and what follows from them.

import { describe, expect, test } from 'vitest';
import { runnerBench as bench } from '../../../support/runner-bench.ts';
import { queuedTask, storedSession, turn } from '../../../support/task-records.ts';
import { until } from '../../../support/until.ts';

describe('tasks of sessions', () => {
  const session = storedSession();

  test('a task of a session works on the turns that are stored', async () => {
    const { store, run, settled, gateway } = await bench();
    const turns = [turn(session.id, 1, 'Hello', 'Good day'), turn(session.id, 2, 'A room, please', 'Of course')];
    const task = queuedTask({ session: session.id, input: undefined });
    await store.commitSessions({ started: [session], turns, tasks: [task] });
    run();
    await settled();
    expect(gateway.seen[0]?.body.messages[1].content).toBe(
      '<transcript>\nUser: Hello\nAssistant: Good day\nUser: A room, please\nAssistant: Of course\n</transcript>',
    );
  });

  test('a rolling summary goes on from the one before', async () => {
    const text = '{"summary":"They greeted.","open":[]}';
    const settings = { tasks: [{ kind: 'rolling-summary', class: 'plain', when: { everyTurns: 1 } }] };
    const { store, run, settled, gateway } = await bench({ behaviour: { text } }, settings);
    const of = (number: number) => {
      const input = JSON.stringify({ every: 'turns', number });
      return queuedTask({
        id: `${session.id}.rolling-summary.${number}`,
        session: session.id,
        kind: 'rolling-summary',
        input,
      });
    };
    await store.commitSessions({
      started: [session],
      turns: [turn(session.id, 1, 'Hello', 'Good day')],
      tasks: [of(1)],
    });
    const runner = run();
    await settled(of(1).id);
    await store.commitSessions({
      turns: [turn(session.id, 2, 'A room', 'Yes'), turn(session.id, 3, 'Late', '')],
      tasks: [of(2)],
    });
    runner.wake();
    await settled(of(2).id);
    expect(gateway.seen[1]?.body.messages[1].content).toBe(
      `<previous-summary>\n${text}\n</previous-summary>\n<transcript>\nUser: A room\nAssistant: Yes\n</transcript>`,
    );
  });

  test('the first rolling summary of a session that continues another one goes on from its history', async () => {
    const text = '{"summary":"They greeted.","open":[]}';
    const settings = { tasks: [{ kind: 'rolling-summary', class: 'plain', when: { everyTurns: 1 } }] };
    const { store, run, settled, gateway } = await bench({ behaviour: { text } }, settings);
    const of = (id: string, more = {}) =>
      queuedTask({ id: `${id}.rolling-summary.1`, session: id, kind: 'rolling-summary', ...more });
    const input = JSON.stringify({ every: 'turns', number: 1 });
    const later = storedSession({ id: 'session-2', continues: session.id });
    await store.commitSessions({
      started: [session, later],
      turns: [
        turn(session.id, 1, 'Hello', 'Good day'),
        turn(session.id, 2, 'A room', 'Yes'),
        turn(later.id, 1, 'It is me again', 'Hello again'),
      ],
      tasks: [of(session.id, { state: 'done', result: text, input }), of(later.id, { input })],
    });
    run();
    await settled(of(later.id).id);
    expect(gateway.seen[0]?.body.messages[1].content).toBe(
      `<previous-summary>\n${text}\n</previous-summary>\n<transcript>\nUser: A room\nAssistant: Yes\n` +
        'User: It is me again\nAssistant: Hello again\n</transcript>',
    );
  });

  test('tasks every few minutes follow each other until the session ends', async () => {
    const settings = { tasks: [{ kind: 'title', class: 'plain', when: { everyMinutes: 0.01 } }] };
    const { store, run, settled } = await bench(undefined, settings);
    const input = JSON.stringify({ every: 'minutes', number: 1 });
    const first = queuedTask({ id: `${session.id}.title.m1`, session: session.id, input });
    await store.commitSessions({
      started: [session],
      turns: [turn(session.id, 1, 'Hello', 'Hi')],
      tasks: [first],
    });
    run();
    await settled(`${session.id}.title.m3`);
    const ended = { id: session.id, endedAt: Date.now(), reason: 'done', record: undefined };
    await store.commitSessions({ ended: [ended], released: [{ session: session.id, runAt: Date.now() }] });
    await until(async () => (await store.tasks({ state: 'queued', limit: 1 })).length === 0);
    const last = await until(
      async () =>
        (await store.tasks({ state: 'running', limit: 1 })).length === 0 && (await store.tasks({ limit: 100 })),
    );
    expect(last.every(({ state }) => state === 'done')).toBe(true);
  });
});
