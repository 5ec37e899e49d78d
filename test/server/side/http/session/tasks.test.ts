// Tasks over HTTP: created on demand, listed, shown, run again; always those of the requesting key.

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Task } from '../../../../../server/ipc/stored-rows.ts';
import { createFakeStore, type FakeStore, storedSession, storedTask } from '../../../../support/fake-store.ts';
import { startSideHttp, type TestSide } from '../../../../support/side-http.ts';

const keys = [
  { id: 'web', secret: 'secret-of-web' },
  { id: 'other', secret: 'secret-of-other' },
  { id: 'bound', secret: 'secret-of-bound', class: 'premium', dataClass: 'regulated' },
  { id: 'some', secret: 'secret-of-some', classes: ['premium'] },
  { id: 'both', secret: 'secret-of-both', classes: ['premium', 'commodity'] },
];
const gateways = {
  router: { profile: 'openai-compatible', baseUrl: 'https://llm.example.com/v1', apiKey: 'llm-secret' },
};
const targets = [{ gateway: 'router', model: 'some/model' }];
const classes = { commodity: { targets }, premium: { targets } };
const tasks = [{ kind: 'summary', class: 'commodity', when: 'demand' }];
const session = '01900000-0000-7000-8000-00000000000a';
let store: FakeStore;
let side: TestSide;
let woken = 0;
/** The state of a task after it was run here; undefined when another process has it. */
let outcome: Partial<Task> | undefined;

async function start(limits: Record<string, number> = {}): Promise<void> {
  store = createFakeStore();
  store.rows.sessions.push(storedSession({ id: session, key: 'web', endedAt: 2_000 }));
  woken = 0;
  outcome = { state: 'done', result: '{"summary":"Short."}' };
  const runner = {
    wake() {
      woken += 1;
    },
    async run(id: string) {
      const task = store.rows.tasks.find((one) => one.id === id);
      return task && outcome && { ...task, ...outcome };
    },
  };
  side = await startSideHttp({
    file: { keys, gateways, classes, tasks, side: { pollMs: 5, ...limits } },
    store,
    runner,
  });
}
beforeEach(() => start());
afterEach(() => side.close());

const key = 'secret-of-web';
const text = 'A long story.';
const make = (json: object, headers: Record<string, string> = {}, by = key) =>
  side.ask('/v1/tasks', { method: 'POST', key: by, json, headers });
const idsOf = async (path: string, by = key) =>
  ((await (await side.ask(path, { key: by })).json()) as { tasks: Task[] }).tasks.map(({ id }) => id);

test('a key that may use some classes gets a task in one of them, or none', async () => {
  const asked = (json: object, headers = {}) => make({ kind: 'summary', text, ...json }, headers, 'secret-of-some');
  expect((await asked({ class: 'premium' })).status).toBe(202);
  expect((await asked({}, { 'x-trunkline-class': 'premium' })).status).toBe(202);
  for (const refused of [await asked({ class: 'commodity' }), await asked({}, { 'x-trunkline-class': 'commodity' })]) {
    expect(refused.status).toBe(403);
    expect(await refused.json()).toEqual({
      error: {
        type: 'permission_error',
        code: 'class_not_allowed',
        message: 'this key may use the class premium, got "commodity"',
        field: 'x-trunkline-class',
        help: 'docs/errors.md#class_not_allowed',
      },
    });
  }
  expect(store.rows.tasks).toHaveLength(2);
});

test('a task without a class gets that of its kind, or the first that the key may use', async () => {
  for (const [kind, by, promptClass] of [
    ['summary', 'secret-of-both', 'commodity'],
    ['summary', 'secret-of-some', 'premium'],
    ['title', 'secret-of-both', 'premium'],
    ['title', 'secret-of-some', 'premium'],
  ] as const) {
    expect((await make({ kind, text }, {}, by)).status).toBe(202);
    expect(store.rows.tasks.at(-1)).toMatchObject({ kind, promptClass });
  }
  expect((await make({ kind: 'title', text })).status).toBe(400);
});

test('a new task is queued, and the runner is woken', async () => {
  const answer = await make({ kind: 'summary', text });
  expect(answer.status).toBe(202);
  const task = (await answer.json()) as Task;
  expect(task).toMatchObject({ kind: 'summary', state: 'queued' });
  expect(answer.headers.get('location')).toBe(`/v1/tasks/${task.id}`);
  expect(store.rows.tasks).toMatchObject([{ id: task.id, key: 'web' }]);
  expect(woken).toBe(1);
});

test('a task that is awaited comes back with its result', async () => {
  const answer = await make({ kind: 'summary', text, mode: 'sync' });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ state: 'done', result: { summary: 'Short.' } });
});

test('a task that another process runs is waited for', async () => {
  outcome = undefined;
  const asking = make({ kind: 'summary', text, mode: 'sync' });
  await expect.poll(() => store.rows.tasks.length).toBe(1);
  store.rows.tasks = store.rows.tasks.map((task) => ({ ...task, state: 'failed', error: 'policy_refused' }));
  expect(await (await asking).json()).toMatchObject({ state: 'failed', error: 'policy_refused' });
});

test('a task that does not end in time is shown as it is, and goes on', async () => {
  await side.close();
  await start({ syncMs: 20 });
  outcome = undefined;
  const answer = await make({ kind: 'summary', text, mode: 'sync' });
  expect(answer.status).toBe(202);
  const { id, state } = (await answer.json()) as { id: string; state: string };
  expect(state).toBe('queued');
  expect((await side.ask(`/v1/tasks/${id}`, { key })).status).toBe(200);
});

test('two requests with one idempotency-key make one task, and other keys have idempotency-keys of their own', async () => {
  const once = { 'idempotency-key': 'order-7' };
  const made = [await make({ kind: 'summary', text }, once), await make({ kind: 'summary', text }, once)];
  const [first, second] = (await Promise.all(made.map((answer) => answer.json()))) as Task[];
  expect(second?.id).toBe(first?.id);
  expect(store.rows.tasks).toHaveLength(1);
  expect((await make({ kind: 'summary', text: 'Another text.' }, once)).status).toBe(409);
  await make({ kind: 'summary', text }, once, 'secret-of-other');
  expect(store.rows.tasks).toHaveLength(2);
});

test('an invalid request is refused, and nothing of it is kept', async () => {
  const wrong = await make({ kind: 7 });
  expect(wrong.status).toBe(400);
  expect(await wrong.json()).toMatchObject({
    error: { code: 'invalid_request', message: expect.stringContaining('kind') },
  });
  expect((await side.ask('/v1/tasks', { method: 'POST', key })).status).toBe(400);
  expect(store.rows.tasks).toEqual([]);
});

test('a task of a key that is bound to a class has that class, and no other', async () => {
  expect((await make({ kind: 'summary', text }, {}, 'secret-of-bound')).status).toBe(202);
  expect(store.rows.tasks).toMatchObject([{ promptClass: 'premium', dataClass: 'regulated' }]);
  expect((await make({ kind: 'summary', text, class: 'commodity' }, {}, 'secret-of-bound')).status).toBe(400);
  const header = { 'x-trunkline-class': 'commodity' };
  expect((await make({ kind: 'summary', text }, header, 'secret-of-bound')).status).toBe(400);
});

test('a task for a session of another key is a 404', async () => {
  expect((await make({ kind: 'summary', session })).status).toBe(202);
  expect((await make({ kind: 'summary', session }, {}, 'secret-of-other')).status).toBe(404);
  expect(store.rows.tasks).toHaveLength(1);
});

test('a key lists its own tasks, newest first, by state and page by page', async () => {
  for (const id of ['1', '2', '3'])
    store.rows.tasks.push(storedTask({ id, key: 'web', state: id === '2' ? 'dead' : 'done' }));
  store.rows.tasks.push(storedTask({ id: '4', key: 'other' }));
  expect(await idsOf('/v1/tasks')).toEqual(['3', '2', '1']);
  expect(await idsOf('/v1/tasks', 'secret-of-other')).toEqual(['4']);
  expect(await idsOf('/v1/tasks?key=web', 'secret-of-other')).toEqual(['4']);
  expect(await idsOf('/v1/tasks?state=dead')).toEqual(['2']);
  const page = (await (await side.ask('/v1/tasks?limit=2', { key })).json()) as { next: string };
  expect(page.next).toBe('2');
  expect(await idsOf(`/v1/tasks?limit=2&before=${page.next}`)).toEqual(['1']);
});

test.each(['state=asleep', 'limit=0', 'limit=1001', 'limit=many'])('an invalid query is refused: %s', async (query) => {
  const answer = await side.ask(`/v1/tasks?${query}`, { key });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { field: query.split('=')[0] } });
});

test('a task is shown to and run again by its own key only', async () => {
  store.rows.tasks.push(storedTask({ id: 'a.summary', key: 'web', state: 'dead', error: 'upstream_failed' }));
  const retry = (by: string) => side.ask('/v1/tasks/a.summary/retry', { method: 'POST', key: by });
  expect(await (await side.ask('/v1/tasks/a.summary', { key })).json()).toMatchObject({ error: 'upstream_failed' });
  expect((await side.ask('/v1/tasks/a.summary', { key: 'secret-of-other' })).status).toBe(404);
  expect((await retry('secret-of-other')).status).toBe(404);
  const again = await retry(key);
  expect(again.status).toBe(202);
  expect(await again.json()).toMatchObject({ state: 'queued' });
  expect(woken).toBe(1);
  const twice = await retry(key);
  expect(twice.status).toBe(409);
  expect(await twice.json()).toMatchObject({ error: { code: 'task_not_ended' } });
});

test('the tasks of a session are listed by the id that its client offered, though another key has used that before', async () => {
  store.rows.sessions.push(storedSession({ id: `${session}.2`, key: 'other', endedAt: 3_000 }));
  store.rows.tasks.push(
    storedTask({ id: 'first', key: 'web', session }),
    storedTask({ id: 'second', key: 'other', session: `${session}.2` }),
  );
  expect(await idsOf(`/v1/tasks?session=${session}`)).toEqual(['first']);
  expect(await idsOf(`/v1/tasks?session=${session}`, 'secret-of-other')).toEqual(['second']);
  expect(await idsOf(`/v1/tasks?session=${session.toUpperCase()}`)).toEqual(['first']);
  expect(await idsOf('/v1/tasks?session=nobody')).toEqual([]);
});
