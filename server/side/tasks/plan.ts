// Plans which tasks a session gets, and when. Ids follow from session, kind and number, so that planning twice plans once; a session that
// dies in mid-call has its tasks armed already.

import { REHEARSAL_NAME } from '../../config/file/words.ts';
import type { SideConfig, TaskConfig } from '../../config/side-schema.ts';
import type { StoredSession, Task } from '../../ipc/stored-rows.ts';
import { isSampled } from '../prompts/scoring.ts';
import { queuedTask, type TaskInput, writeTaskInput } from '../prompts/task-input.ts';

/** `runAt` of a task that waits for its session to end: in the year 2286, the last time of thirteen digits. */
export const ARMED_AT = 9_999_999_999_999;

/** Plans what is armed when a session starts: tasks for its end, and the first of those that come every few minutes. */
export function planStart(session: StoredSession, config: SideConfig): Task[] {
  return planned(session, config).flatMap((task) => {
    const { when } = task;
    if (when === 'end') return [taskOf(session, task, { id: `${session.id}.${task.kind}`, runAt: ARMED_AT })];
    return typeof when === 'object' && 'everyMinutes' in when
      ? [periodic(session, task, { number: 1, from: session.startedAt })]
      : [];
  });
}

/** Plans what is due after a turn: tasks that come every few turns. They look at the turns up to this one. */
export function planTurn(session: StoredSession, number: number, config: SideConfig): Task[] {
  return planned(session, config).flatMap((task) => {
    const { when } = task;
    if (typeof when !== 'object' || !('everyTurns' in when) || number % when.everyTurns !== 0) return [];
    const input: TaskInput = { every: 'turns', number };
    return [taskOf(session, task, { id: `${session.id}.${task.kind}.${number}`, runAt: Date.now(), input })];
  });
}

/** Plans the successor of a task that comes every few minutes; undefined for others. */
export function planNext(
  session: StoredSession,
  { every, number }: TaskInput,
  { task, now }: { readonly task: TaskConfig; readonly now: number },
): Task | undefined {
  if (every !== 'minutes' || number === undefined) return undefined;
  return periodic(session, task, { number: number + 1, from: now });
}

function periodic(
  session: StoredSession,
  task: TaskConfig,
  { number, from }: { readonly number: number; readonly from: number },
): Task {
  const minutes = typeof task.when === 'object' && 'everyMinutes' in task.when ? task.when.everyMinutes : 1;
  const input: TaskInput = { every: 'minutes', number };
  return taskOf(session, task, { id: `${session.id}.${task.kind}.m${number}`, runAt: from + minutes * 60_000, input });
}

/**
 * Chooses the configured tasks that a session gets: none where there is never a text to work on, and none of the rehearsal gateway for
 * other sessions. Those of a regulated session are planned too: where no direct target may run them, they end `failed` and say so.
 */
function planned(session: StoredSession, config: SideConfig): readonly TaskConfig[] {
  if (config.transcripts === 'off') return [];
  if (session.dataClass === 'regulated' && !config.regulated.store) return [];
  if (config.hasRehearsalGateway && !session.isRehearsal) return [];
  return config.tasks.filter((task) => task.of === undefined && isSampled(session.id, task));
}

function taskOf(
  session: StoredSession,
  { kind, class: promptClass }: TaskConfig,
  { id, runAt, input }: { readonly id: string; readonly runAt: number; readonly input?: TaskInput },
): Task {
  const { id: sessionId, key, team, dataClass } = session;
  return queuedTask({
    id,
    session: sessionId,
    key,
    team,
    kind,
    promptClass,
    dataClass,
    runAt,
    input: input && writeTaskInput(input),
    isRehearsal: session.isRehearsal && promptClass === REHEARSAL_NAME,
  });
}
