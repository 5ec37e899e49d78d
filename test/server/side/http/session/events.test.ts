// Events of a session: which come, in which order, how a stream resumes, and when it ends.

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TaskState } from '../../../../../server/ipc/stored-rows.ts';
import { createFakeStore, type FakeStore, storedSession, storedTask } from '../../../../support/fake-store.ts';
import { startSideHttp, type TestSide } from '../../../../support/side-http.ts';
import { until } from '../../../../support/until.ts';

const keys = [
  { id: 'web', secret: 'secret-of-web' },
  { id: 'other', secret: 'secret-of-other' },
];
const id = '01900000-0000-7000-8000-00000000000a';
let store: FakeStore;
let side: TestSide;

beforeEach(async () => {
  store = createFakeStore();
  store.rows.sessions.push(storedSession({ id, key: 'web', team: 'apps' }));
  side = await startSideHttp({ file: { keys, side: { pollMs: 5, streams: 2 } }, store, heartbeatMs: 10 });
});
afterEach(() => side.close());

interface Heard {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

interface Listener {
  readonly status: number;
  readonly text: () => string;
  readonly events: () => Heard[];
  readonly ended: Promise<void>;
  leave(): void;
}

async function listen(headers: Record<string, string> = {}, key = 'secret-of-web'): Promise<Listener> {
  const leave = new AbortController();
  const response = await side.ask(`/v1/sessions/${id}/events`, { key, headers, signal: leave.signal });
  let text = '';
  const ended = (async () => {
    for await (const piece of response.body ?? []) text += Buffer.from(piece as Uint8Array).toString();
  })().catch(() => {});
  const events = () =>
    [...text.matchAll(/^id: (.*)\nevent: (.*)\ndata: (.*)\n\n/gm)].map(([, eventId = '', event = '', data = '']) => ({
      id: eventId,
      event,
      data: JSON.parse(data),
    }));
  return { status: response.status, text: () => text, events, ended, leave: () => leave.abort() };
}

let now = 10_000;
function change(kind: string, state: TaskState): void {
  const task = storedTask({ id: `${id}.${kind}`, session: id, key: 'web', kind, state, updatedAt: ++now });
  store.rows.tasks = [...store.rows.tasks.filter((one) => one.id !== task.id), task];
}

function end(): void {
  store.rows.sessions = [storedSession({ id, key: 'web', endedAt: ++now, reason: 'client-closed' })];
}

const names = (listener: Listener) => listener.events().map(({ event }) => event);

test('each change of a task and the end of the session is an event, and the stream ends with the last of them', async () => {
  change('summary', 'queued');
  const listener = await listen();
  await until(() => names(listener).length === 1);
  end();
  await until(() => names(listener).length === 2);
  change('summary', 'running');
  await until(() => names(listener).length === 3);
  change('summary', 'done');
  await listener.ended;
  expect(names(listener)).toEqual(['task.queued', 'session.ended', 'task.running', 'task.done']);
  expect(listener.events()[1]?.data).toMatchObject({ session: id, reason: 'client-closed' });
  expect(listener.events()[3]?.data).toMatchObject({ id: `${id}.summary`, kind: 'summary', state: 'done' });
});

test('Last-Event-ID resumes after the event that it names', async () => {
  change('title', 'done');
  change('summary', 'dead');
  end();
  const all = await listen();
  await all.ended;
  expect(names(all)).toEqual(['task.done', 'task.dead', 'session.ended']);
  const [first] = all.events();
  const rest = await listen({ 'last-event-id': first?.id ?? '' });
  await rest.ended;
  expect(rest.events()).toEqual(all.events().slice(1));
  const foreign = await listen({ 'last-event-id': 'of somebody else' });
  await foreign.ended;
  expect(foreign.events()).toEqual(all.events());
});

test('a stream without events sends comments', async () => {
  const listener = await listen();
  await until(() => listener.text().includes(': still here\n\n'));
  expect(listener.events()).toEqual([]);
  listener.leave();
});

test('more streams than side.streams are refused', async () => {
  const listeners = [await listen(), await listen()];
  const third = await listen();
  expect(third.status).toBe(503);
  await third.ended;
  expect(third.text()).toContain('too_many_streams');
  listeners[0]?.leave();
  let next: Listener | undefined;
  await until(async () => {
    next = await listen();
    return next.status === 200;
  });
  next?.leave();
  listeners[1]?.leave();
});

test('a store that fails for a while ends no stream', async () => {
  const listener = await listen();
  store.fault = new Error('away');
  change('summary', 'done');
  const heartbeats = listener.text().length;
  await until(() => listener.text().length > heartbeats);
  store.fault = undefined;
  end();
  await listener.ended;
  expect(names(listener)).toEqual(['task.done', 'session.ended']);
});

test('a session of another key is a 404', async () => {
  expect((await listen({}, 'secret-of-other')).status).toBe(404);
});

const total = { window: 'total', maxUsd: 1 };
test.each([
  ['of all', { keys, budgets: [{ ...total, key: 'web' }] }, { key: 'web' }],
  ['of its key', { keys: [{ ...keys[0], budgets: [total] }] }, { key: 'web' }],
  ['of its team', { keys, teams: { apps: { budgets: [total] } } }, { team: 'apps' }],
])('a stream tells once of a budget %s that is nearly spent, and when it is spent', async (_, some, budget) => {
  await side.close();
  let spentMicroUsd = 700_000;
  const budgetUses = async (ids: readonly string[]) =>
    Object.fromEntries(ids.map((name) => [name, { spentMicroUsd, reservedMicroUsd: 0 }]));
  const file = { ...some, side: { pollMs: 5 } };
  side = await startSideHttp({ file, store: { ...store, budgetUses } as FakeStore, heartbeatMs: 10 });
  const stream = await listen();
  await until(() => stream.text().includes('still here'));
  expect(stream.events()).toEqual([]);
  spentMicroUsd = 800_000;
  await until(() => stream.events().length === 1);
  spentMicroUsd = 1_000_000;
  await until(() => stream.events().length === 2);
  expect(stream.events()).toMatchObject([
    { event: 'budget.warning', data: { session: id, limitUsd: 1, spentUsd: 0.8, budget } },
    { event: 'budget.reached', data: { spentUsd: 1 } },
  ]);
  stream.leave();
});
