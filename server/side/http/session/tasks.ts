// Tasks over HTTP: creates one on demand, lists, shows, and runs a dead or failed one again.

import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { CLASS_HEADER, chooseDataClass, DATA_CLASS_HEADER } from '../../../http/class-policy.ts';
import { type HttpProblem, invalidRequest, isProblem } from '../../../http/problem.ts';
import { refusedAsking } from '../../../http/request/refusal/refusal-rows.ts';
import type { OnBehalf, Task, TaskState } from '../../../ipc/stored-rows.ts';
import { classBinding } from '../../runs/call/class.ts';
import { wantedWithId } from '../../sessions/reused-id.ts';
import { readTaskRequest, type TaskRequest } from '../../tasks/task-request.ts';
import {
  canRead,
  keyFilter,
  ownerLabel,
  type RoutedRequest,
  type RouteHandler,
  type SideHttpOptions,
  sendJson,
} from '../handler.ts';
import { parseBody, textFields } from '../request/json-body.ts';
import { readLimit, readTime, readWord } from '../request/query.ts';
import { taskView } from '../views.ts';

const STATES: readonly TaskState[] = ['queued', 'running', 'done', 'failed', 'dead'];
const MAX_TASKS = 1000;

export const postTask: RouteHandler = async (request, options) => {
  const { store, runner, rates, refusals } = options;
  const parsed = parseBody(request.body);
  if (isProblem(parsed)) return parsed;
  const wanted = await taskRequestOf(request, parsed.body, options);
  const refuse = (problem: HttpProblem, asked: Partial<Task> & OnBehalf = {}): HttpProblem => {
    const { promptClass, dataClass, session, endUser } = asked;
    refusals?.add(
      refusedAsking(request.requester, { kind: 'task', promptClass, dataClass, session, endUser }, problem),
    );
    return problem;
  };
  if (isProblem(wanted)) return CLASS_CODES.includes(wanted.code) ? refuse(wanted) : wanted;
  const { task, mode, endUser } = wanted;
  const existing = await store.task(task.id);
  if (existing !== undefined && (!isSame(existing, task) || !canRead(request, existing.key))) return usedKey;
  const rated = existing === undefined ? await rates.take(request, { endUser }) : undefined;
  if (isProblem(rated)) return refuse(rated, { ...task, endUser });
  if (existing === undefined) await store.addTask(task);
  const headers = { location: `/v1/tasks/${task.id}`, ...rated?.headers };
  if (mode === 'sync') {
    const last = await waitForEnd(existing ?? task, request.signal, options);
    return sendJson(request, isOpen(last) ? 202 : 200, taskView(last), headers);
  }
  runner?.wake();
  return sendJson(request, 202, taskView(existing ?? task), headers);
};

/** Refusals of a class that the key may not use; all others are of a request that is wrong. */
const CLASS_CODES: readonly string[] = ['unknown_class', 'class_not_allowed'];

async function taskRequestOf(
  request: RoutedRequest,
  body: JsonObject,
  { config, store }: SideHttpOptions,
): Promise<TaskRequest | HttpProblem> {
  const { requester, headers } = request;
  const binding = classBinding(request, config);
  const dataClass = chooseDataClass(headers[DATA_CLASS_HEADER], binding);
  if (typeof dataClass === 'object') return dataClass;
  return readTaskRequest({
    body,
    config: { ...config, transcripts: requester.settings?.transcripts ?? config.transcripts },
    key: requester.key,
    team: requester.team,
    onBehalf: { endUser: requester.settings?.endUser, tags: requester.settings?.tags },
    binding,
    promptClass: headers[CLASS_HEADER],
    dataClass,
    idempotencyKey: headers['idempotency-key'],
    findSession: (id) => findOwn(id, request, store),
  });
}

const findOwn = (id: string, request: RoutedRequest, store: SideHttpOptions['store']) =>
  wantedWithId(id.toLowerCase(), store.session, ({ key }) => canRead(request, key));

/** Tells whether a request repeats a known task. The input of a task that is done was deleted, and cannot be compared. */
const isSame = (existing: Task, { kind, session, promptClass, input }: Task): boolean =>
  existing.kind === kind &&
  existing.session === session &&
  existing.promptClass === promptClass &&
  (existing.input ?? input) === input;

const usedKey: HttpProblem = {
  status: 409,
  code: 'idempotency_key_used',
  message: 'this idempotency key was used for another task',
};

const isOpen = ({ state }: Task): boolean => state === 'queued' || state === 'running';

/** Runs the task here if there is a runner and waits until it has ended, for `syncMs` at most. */
async function waitForEnd(
  task: Task,
  clientGone: AbortSignal,
  { store, runner, config }: SideHttpOptions,
): Promise<Task> {
  const signal = AbortSignal.any([clientGone, AbortSignal.timeout(config.side.syncMs)]);
  let last = task.state === 'queued' ? ((await runner?.run(task.id, signal)) ?? task) : task;
  while (isOpen(last) && !signal.aborted) {
    await delay(config.side.pollMs, undefined, { signal }).catch(() => {});
    last = (await store.task(task.id)) ?? last;
  }
  return last;
}

export const getTasks: RouteHandler = async (request, { store }) => {
  const { query } = request;
  const state = readWord(query, 'state', STATES);
  if (isProblem(state)) return state;
  const limit = readLimit(query, MAX_TASKS);
  if (isProblem(limit)) return limit;
  const { session: id, before } = query;
  // Rows of a session are under an id of their own, where its client offered one that was used before.
  const session = id === undefined ? undefined : ((await findOwn(id, request, store))?.id ?? id);
  const tasks = await store.tasks({ key: keyFilter(request), session, state, limit, before });
  const next = tasks.length < limit ? null : tasks.at(-1)?.id;
  return sendJson(request, 200, { tasks: tasks.map(taskView), next });
};

async function find(request: RoutedRequest, { store }: SideHttpOptions): Promise<Task | undefined> {
  const task = await store.task(request.parameters.id ?? '');
  return task !== undefined && canRead(request, task.key) ? task : undefined;
}

export const getTask: RouteHandler = async (request, options) => {
  const task = await find(request, options);
  return task === undefined ? unknownTask(request) : sendJson(request, 200, taskView(task));
};

export const postTaskRetry: RouteHandler = async (request, options) => {
  const task = await find(request, options);
  if (task === undefined) return unknownTask(request);
  if (!(await options.store.requeueTask(task.id, Date.now()))) {
    const message = `this task is ${task.state}: only a failed or dead one is run again`;
    return { status: 409, code: 'task_not_ended', message };
  }
  options.runner?.wake();
  return sendJson(request, 202, taskView((await options.store.task(task.id)) ?? task));
};

const ENDED_STATES = ['dead', 'failed'] as const;

/** Puts all back that ended so, and since then; without `since` all that ever did. */
export const postTasksRetry: RouteHandler = async (request, { store, runner }) => {
  const parsed = parseBody(request.body);
  if (isProblem(parsed)) return parsed;
  const fields = textFields(parsed.body, ['state', 'since']);
  if (isProblem(fields)) return fields;
  const state = readWord(fields, 'state', ENDED_STATES);
  if (isProblem(state)) return state;
  if (state === undefined) return invalidRequest(`missing, expected ${ENDED_STATES.join(' or ')}`, 'state');
  const since = readTime(fields, 'since', 0);
  if (isProblem(since)) return since;
  const retried = await store.requeueTasks({ state, since, now: Date.now() });
  runner?.wake();
  return sendJson(request, 200, { retried });
};

const unknownTask = (request: RoutedRequest): HttpProblem => ({
  status: 404,
  code: 'unknown_task',
  message: `no task${ownerLabel(request)} has this id`,
});
