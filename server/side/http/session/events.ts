// GET /v1/sessions/{id}/events: changes of a session's tasks, and its end, as server-sent events, until nothing more can come.

import type { Task } from '../../../ipc/stored-rows.ts';
import { drainingView } from '../../tasks/events.ts';
import { EVENT_STREAM_HEADERS, type RoutedRequest, type RouteHandler, type SideHttpOptions } from '../handler.ts';
import { isoTime, taskView } from '../views.ts';
import { findReadableSession, unknownSession } from './session.ts';
import { type SessionSnapshot, type SessionWatch, watchSessions } from './watch.ts';

const HEARTBEAT_MS = 15_000;

interface Event {
  /** `<time>.<subject>`. Events are ordered by it, and `Last-Event-ID` resumes after it on any instance. */
  readonly id: string;
  readonly name: string;
  readonly data: object;
}

/** Makes the handler of a side process, whose streams share their polls. */
export function sessionEventsHandler(options: SideHttpOptions): RouteHandler {
  const { store, config, ownBudgets, heartbeatMs = HEARTBEAT_MS } = options;
  const watch = watchSessions(store, config.side, async (session) => [
    ...config.budgets,
    ...((await ownBudgets?.of(session)) ?? []),
  ]);
  return async (request) => {
    const found = await findReadableSession(request, store);
    if (found === undefined) return unknownSession(request);
    request.emit({ status: 200, headers: EVENT_STREAM_HEADERS });
    await stream(request, { id: found.id, watch, heartbeatMs });
    return undefined;
  };
}

interface Streaming {
  readonly id: string;
  readonly watch: SessionWatch;
  readonly heartbeatMs: number;
}

function stream(request: RoutedRequest, { id, watch, heartbeatMs }: Streaming): Promise<void> {
  const { emit, signal, headers, keyEnd } = request;
  const sent = new Set<string>();
  const after = headers['last-event-id'];
  const { promise, resolve } = Promise.withResolvers<void>();
  const send = (text: string): void => void emit(Buffer.from(text));
  send('retry: 1000\n\n');
  const heartbeat = setInterval(() => send(': still here\n\n'), heartbeatMs);
  const stop = watch.listen(id, (sight) => {
    // The store failed; the next poll may go better.
    if (sight === undefined) return;
    for (const event of eventsOf(id, sight)) {
      if (sent.has(event.id)) continue;
      sent.add(event.id);
      if (after === undefined || compare(event.id, after) > 0) send(written(event));
    }
    for (const { name, data, about } of budgetEvents(id, sight)) {
      if (sent.has(about)) continue;
      sent.add(about);
      send(written({ id: `${Date.now()}.${name}`, name, data }));
    }
    if (isOver(sight)) resolve();
  });
  const endWithKey = (): void => {
    send(written(revoked(id)));
    resolve();
  };
  onAbort(signal, resolve);
  if (keyEnd !== undefined) onAbort(keyEnd, endWithKey);
  return promise.finally(() => {
    stop();
    clearInterval(heartbeat);
  });
}

/** Calls back at once where it has aborted already. */
function onAbort(signal: AbortSignal, call: () => void): void {
  signal.addEventListener('abort', call, { once: true });
  if (signal.aborted) call();
}

/** The last event of a stream whose key ended. A client that comes again with it is refused. */
function revoked(session: string): Event {
  const data = { session, code: 'key_revoked', message: 'the key of this stream was revoked' };
  return { id: `${Date.now()}.key`, name: 'key.revoked', data };
}

/** Derives the events from the present state, in order. */
function eventsOf(id: string, { session, tasks }: SessionSnapshot): Event[] {
  const events = tasks.map(taskEvent);
  if (session?.draining !== undefined) {
    const data = { session: id, ...drainingView(session.draining) };
    events.push({ id: `${session.draining.from}.${id}.draining`, name: 'session.draining', data });
  }
  if (session?.endedAt !== undefined) {
    const data = { session: id, endedAt: isoTime(session.endedAt), reason: session.reason };
    events.push({ id: `${session.endedAt}.${id}`, name: 'session.ended', data });
  }
  return events.sort((a, b) => compare(a.id, b.id));
}

/** Derives what is told of budgets, once in each stream: no time of it is stored that a client could go on from. */
function budgetEvents(session: string, { budgets }: SessionSnapshot) {
  return budgets.flatMap(({ window: { id, counted, limitMicroUsd }, spentMicroUsd }) => {
    const data = { session, budget: counted, limitUsd: limitMicroUsd / 1e6, spentUsd: spentMicroUsd / 1e6 };
    const names = ['budget.warning', ...(spentMicroUsd >= limitMicroUsd ? ['budget.reached'] : [])];
    return names.map((name) => ({ name, data, about: `${name} ${id}` }));
  });
}

function taskEvent(task: Task): Event {
  const id = `${task.updatedAt}.${task.id}.${task.state}.${task.attempts}`;
  return { id, name: `task.${task.state}`, data: taskView(task) };
}

/** Orders ids by time, then by subject. Ids that are not ours come first. */
function compare(a: string, b: string): number {
  const [atA, atB] = [Number.parseInt(a, 10) || 0, Number.parseInt(b, 10) || 0];
  if (atA !== atB) return atA - atB;
  return a < b ? -1 : Number(a > b);
}

const isOver = ({ session, tasks }: SessionSnapshot): boolean =>
  session?.endedAt !== undefined && !tasks.some(({ state }) => state === 'queued' || state === 'running');

const written = ({ id, name, data }: Event): string => `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
