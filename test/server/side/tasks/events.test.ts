// Tests the messages for webhooks as rows: who gets them, and their ids.

import { expect, test } from 'vitest';
import { sessionDeliveries, taskDeliveries } from '../../../../server/side/tasks/events.ts';
import { queuedTask, sideConfig } from '../../../support/task-records.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const url = 'https://example.com/hook';
const of = (...events: ('task.done' | 'task.failed' | 'session.ended')[]) =>
  sideConfig({ webhooks: [{ url, secret, events }] });

test('events go to the webhooks that ask for them', () => {
  const done = queuedTask({ state: 'done', result: '{}' });
  expect(taskDeliveries(done, of('task.failed'), 0)).toEqual([]);
  expect(taskDeliveries({ ...done, state: 'dead' }, of('task.failed'), 0)).toHaveLength(1);
});

test('events have an id that follows from what they report', () => {
  const end = { id: 'session-1', endedAt: 5, reason: 'client_left', record: undefined };
  const [first] = sessionDeliveries(end, of('session.ended'));
  expect(sessionDeliveries(end, of('session.ended'))[0]?.id).toBe(first?.id);
  expect(first).toMatchObject({ session: 'session-1', event: 'session.ended', attempts: 0, nextAt: 5 });
  expect(JSON.parse(first?.body ?? '').data).toMatchObject({ id: 'session-1', reason: 'client_left' });
  const done = queuedTask({ state: 'done', result: '{}' });
  const [firstRun] = taskDeliveries({ ...done, version: 1 }, of('task.done'), 0);
  const [secondRun] = taskDeliveries({ ...done, version: 2 }, of('task.done'), 0);
  expect(firstRun?.id).not.toBe(secondRun?.id);
});
