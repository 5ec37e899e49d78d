// Tests which tasks a session gets.

import { expect, test } from 'vitest';
import { ARMED_AT, planNext, planStart, planTurn } from '../../../../server/side/tasks/plan.ts';
import { sideConfig, storedSession } from '../../../support/task-records.ts';

const config = sideConfig({
  tasks: [
    { kind: 'summary', class: 'plain' },
    { kind: 'title', class: 'plain', when: 'demand' },
    { kind: 'rolling-summary', class: 'plain', when: { everyTurns: 3 } },
    { kind: 'moderation', class: 'plain', when: { everyMinutes: 2 } },
  ],
});
const session = storedSession();
const places = (tasks: { id: string; runAt: number }[]) => tasks.map(({ id, runAt }) => [id, runAt]);

test('tasks for the end are armed at the start, and those of every few minutes begin', () => {
  expect(places(planStart(session, config))).toEqual([
    ['session-1.summary', ARMED_AT],
    ['session-1.moderation.m1', session.startedAt + 120_000],
  ]);
  expect(planStart(session, config)[0]).toMatchObject({
    key: 'demo',
    team: 'red',
    promptClass: 'plain',
    state: 'queued',
  });
});

test('planning twice gives the same ids', () => {
  expect(places(planStart(session, config))).toEqual(places(planStart(session, config)));
});

test('tasks of every few turns come with their turns', () => {
  expect([1, 2, 3, 4, 5, 6].flatMap((number) => planTurn(session, number, config).map(({ id }) => id))).toEqual([
    'session-1.rolling-summary.3',
    'session-1.rolling-summary.6',
  ]);
});

test('a task of every few minutes has a successor, others have none', () => {
  const moderation = config.tasks[3];
  if (moderation === undefined) throw new Error('no task');
  expect(planNext(session, { every: 'minutes', number: 4 }, { task: moderation, now: 1000 })).toMatchObject({
    id: 'session-1.moderation.m5',
    runAt: 121_000,
  });
  expect(planNext(session, {}, { task: moderation, now: 1000 })).toBeUndefined();
});

test('a kind that comes with turns and by time has tasks of both', () => {
  const both = sideConfig({
    tasks: [
      { kind: 'moderation', class: 'plain', when: { everyTurns: 1 } },
      { kind: 'moderation', class: 'plain', when: { everyMinutes: 2 } },
    ],
  });
  const [byTime] = planStart(session, both);
  const [byTurn] = planTurn(session, 1, both);
  expect(byTime?.id).not.toBe(byTurn?.id);
});

test('nothing is planned where no text is kept', () => {
  expect(planStart(session, { ...config, transcripts: 'off' })).toEqual([]);
  expect(planTurn(session, 3, { ...config, transcripts: 'off' })).toEqual([]);
  const unkept = { ...config, regulated: { store: false } };
  expect(planStart({ ...session, dataClass: 'regulated' }, unkept)).toEqual([]);
  expect(planStart(session, unkept)).toHaveLength(2);
});

test('the tasks of a regulated session are regulated', () => {
  const tasks = planStart({ ...session, dataClass: 'regulated' }, config);
  expect(tasks.map(({ dataClass }) => dataClass)).toEqual(['regulated', 'regulated']);
});

test('the rehearsal gateway works for rehearsal sessions only, and its tasks are marked', () => {
  const rehearsed = sideConfig({
    gateways: {},
    classes: {},
    tasks: [{ kind: 'summary', class: 'rehearsal' }],
    hasRehearsalGateway: true,
  });
  expect(planStart(session, rehearsed)).toEqual([]);
  expect(planStart({ ...session, isRehearsal: true }, rehearsed)).toMatchObject([{ isRehearsal: true }]);
  expect(planStart({ ...session, isRehearsal: true }, config)).toMatchObject([{ isRehearsal: false }, {}]);
});

test('a sample is a share of the sessions, and the same session always gets the same', () => {
  const sampled = sideConfig({ tasks: [{ kind: 'quality', class: 'plain', sample: 0.25 }] });
  const drawn = () =>
    Array.from({ length: 2000 }, (_, index) => planStart(storedSession({ id: `session-${index}` }), sampled).length);
  const count = drawn().reduce((sum, one) => sum + one, 0);
  expect(count).toBeGreaterThan(430);
  expect(count).toBeLessThan(570);
  expect(drawn()).toEqual(drawn());
});
