// Tasks over HTTP: making one on demand, listing, showing, and running a dead or failed one again.

import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Problem } from '../../side-error.ts';
import type { Task, TaskState } from '../records.ts';
import { newDemandTask } from '../tasks/demand.ts';
import { parseBody } from './json-body.ts';
import { isProblem, limitOf, wordOf } from './query.ts';
import { type Asked, invalid, keyFilter, maySee, type Route, reply, type SideHttpOptions } from './route.ts';
import { unknownSession } from './session.ts';
import { taskView } from './views.ts';

const STATES: readonly TaskState[] = ['queued', 'running', 'done', 'failed', 'dead'];
const MOST_TASKS = 1000;

async function make(asked: Asked, options: SideHttpOptions): Promise<Problem | undefined> {
  const { requester, headers } = asked;
  const { config, store, runner } = options;
  const parsed = parseBody(asked.body);
  if (isProblem(parsed)) return parsed;
  const made = newDemandTask(parsed.body, requester, config);
  if ('problem' in made) return invalid(made.problem, made.field);
  const task = { ...made.task, id: idOf(made.task, headers['idempotency-key']) };
  const session = task.session === undefined ? undefined : await store.session(task.session);
  if (task.session !== undefined && (session === undefined || !maySee(asked, session.key))) return unknownSession;
  const known = await store.task(task.id);
  if (known === undefined) await store.addTask(task);
  else if (known.kind !== task.kind) return usedKey;
  if (!made.isSync) {
    runner?.wake();
    return reply(asked, 202, taskView(known ?? task), { location: `/v1/tasks/${task.id}` });
  }
  const ended = await outcomeOf(known ?? task, asked.signal, options);
  return reply(asked, 200, taskView(ended), { location: `/v1/tasks/${task.id}` });
}

/** The same request, sent again with its `idempotency-key`, is the same task. */
function idOf({ id, key }: Task, idempotencyKey: string | undefined): string {
  if (idempotencyKey === undefined) return id;
  return `once-${createHash('sha256')
    .update(JSON.stringify([key ?? null, idempotencyKey]))
    .digest('hex')
    .slice(0, 40)}`;
}

const usedKey: Problem = {
  status: 409,
  code: 'idempotency_key_used',
  message: 'this idempotency-key was used for a task of another kind',
};

const isOpen = ({ state }: Task): boolean => state === 'queued' || state === 'running';

/** Runs the task here, where there is a runner; then, or where somebody else has it, waits until it has ended or nobody asks any more. */
async function outcomeOf(task: Task, signal: AbortSignal, { store, runner, config }: SideHttpOptions): Promise<Task> {
  let last = task.state === 'queued' ? ((await runner?.run(task.id, signal)) ?? task) : task;
  while (isOpen(last) && !signal.aborted) {
    await delay(config.side.pollMs, undefined, { signal }).catch(() => {});
    last = (await store.task(task.id)) ?? last;
  }
  return last;
}

async function list(asked: Asked, { store }: SideHttpOptions): Promise<Problem | undefined> {
  const { query } = asked;
  const state = wordOf(query, 'state', STATES);
  if (isProblem(state)) return state;
  const limit = limitOf(query, MOST_TASKS);
  if (isProblem(limit)) return limit;
  const { session, before } = query;
  const tasks = await store.tasks({ key: keyFilter(asked), session, state, limit, before });
  const next = tasks.length < limit ? null : tasks.at(-1)?.id;
  return reply(asked, 200, { tasks: tasks.map(taskView), next });
}

async function find(asked: Asked, { store }: SideHttpOptions): Promise<Task | undefined> {
  const task = await store.task(asked.params.id ?? '');
  return task !== undefined && maySee(asked, task.key) ? task : undefined;
}

async function show(asked: Asked, options: SideHttpOptions): Promise<Problem | undefined> {
  const task = await find(asked, options);
  return task === undefined ? unknownTask : reply(asked, 200, taskView(task));
}

async function retry(asked: Asked, options: SideHttpOptions): Promise<Problem | undefined> {
  const task = await find(asked, options);
  if (task === undefined) return unknownTask;
  if (!(await options.store.requeue(task.id, Date.now()))) {
    const message = `this task is ${task.state}: only a failed or dead one is run again`;
    return { status: 409, code: 'task_not_ended', message };
  }
  options.runner?.wake();
  return reply(asked, 202, taskView((await options.store.task(task.id)) ?? task));
}

const unknownTask: Problem = { status: 404, code: 'unknown_task', message: 'no task of this key has this id' };

export const taskRoutes: readonly Route[] = [
  { scope: 'key', method: 'POST', path: '/v1/tasks', answer: make },
  { scope: 'key', method: 'GET', path: '/v1/tasks', answer: list },
  { scope: 'key', method: 'GET', path: '/v1/tasks/{id}', answer: show },
  { scope: 'key', method: 'POST', path: '/v1/tasks/{id}/retry', answer: retry },
  { scope: 'admin', method: 'GET', path: '/tasks', answer: list },
  { scope: 'admin', method: 'GET', path: '/tasks/{id}', answer: show },
  { scope: 'admin', method: 'POST', path: '/tasks/{id}/retry', answer: retry },
];
