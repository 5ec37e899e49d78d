// Tests the messages for webhooks as rows: who gets them, and their ids.

import { expect, test } from 'vitest';
import { sessionDeliveries, taskDeliveries } from '../../../../server/side/tasks/events.ts';
import { queuedTask, sideConfig, storedSession } from '../../../support/task-records.ts';

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
  const session = storedSession({ id: 'session-1' });
  const end = { endedAt: 5, reason: 'client_left' };
  const [first] = sessionDeliveries(session, end, of('session.ended'));
  expect(sessionDeliveries(session, end, of('session.ended'))[0]?.id).toBe(first?.id);
  expect(first).toMatchObject({ session: 'session-1', event: 'session.ended', attempts: 0, nextAt: 5 });
  expect(dataOf(first)).toMatchObject({ id: 'session-1', dataClass: 'open', reason: 'client_left' });
  const done = queuedTask({ state: 'done', result: '{}' });
  const [firstRun] = taskDeliveries({ ...done, version: 1 }, of('task.done'), 0);
  const [secondRun] = taskDeliveries({ ...done, version: 2 }, of('task.done'), 0);
  expect(firstRun?.id).not.toBe(secondRun?.id);
});

test('of regulated sessions and tasks a webhook is told ids alone', () => {
  const session = storedSession({ id: 'session-1', dataClass: 'regulated' });
  const [ended] = sessionDeliveries(session, { endedAt: 5, reason: 'client_left' }, of('session.ended'));
  expect(dataOf(ended)).toEqual({ id: 'session-1', dataClass: 'regulated' });
  const task = queuedTask({ id: 'task-1', session: 'session-1', dataClass: 'regulated', kind: 'summary' });
  const [done] = taskDeliveries({ ...task, state: 'done', result: '{"summary":"private"}' }, of('task.done'), 0);
  expect(dataOf(done)).toEqual({
    ...{ id: 'task-1', session: 'session-1', kind: 'summary', state: 'done', dataClass: 'regulated' },
  });
  const [failed] = taskDeliveries({ ...task, state: 'failed', error: 'no_target' }, of('task.failed'), 0);
  expect(Object.keys(dataOf(failed))).not.toContain('error');
});

test('a webhook with regulated: full is told of regulated tasks what it is told of others', () => {
  const task = queuedTask({ dataClass: 'regulated', state: 'done', result: '{"summary":"private"}' });
  const full = sideConfig({ webhooks: [{ url, secret, events: ['task.done'], regulated: 'full' }] });
  expect(dataOf(taskDeliveries(task, full, 0)[0])).toMatchObject({
    dataClass: 'regulated',
    result: { summary: 'private' },
  });
});

function dataOf(delivery: { readonly body: string } | undefined): Record<string, unknown> {
  return JSON.parse(delivery?.body ?? '{}').data;
}
