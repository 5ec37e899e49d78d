// JSON views of what the store keeps: times in ISO 8601, results as JSON, money in integer micro-USD, never a task's input.

import type { Feedback, LedgerRow, SessionEnd, StoredSession, StoredTurn, Task } from '../../ipc/stored-rows.ts';
import { scoredTaskId } from '../prompts/scoring.ts';

export function taskView(task: Task): object {
  const { id, session, kind, promptClass, dataClass, state, attempts, error, quality, isRehearsal } = task;
  return {
    id,
    session,
    kind,
    scores: scoredTaskId(task),
    class: promptClass,
    dataClass,
    state,
    attempts,
    result: parsed(task.result),
    error,
    quality,
    isRehearsal,
    createdAt: isoTime(task.createdAt),
    updatedAt: isoTime(task.updatedAt),
  };
}

export function turnView({ number, startedAt, endedAt, user, assistant, isInterrupted }: StoredTurn): object {
  return { number, startedAt: isoTime(startedAt), endedAt: isoTime(endedAt), user, assistant, isInterrupted };
}

export function ledgerView({ at, promptClass, ...row }: LedgerRow): object {
  return { ...row, class: promptClass, at: isoTime(at) };
}

/** Shows what the app said of a row: its own id of it, if it gave one, and no key. */
export function feedbackView({ id, at, ledgerRow, score, label, comment }: Feedback): object {
  return { id: id.slice(ledgerRow.length + 1), row: ledgerRow, at: isoTime(at), score, label, comment };
}

/** Fields of a session that lists leave out. */
const MEASURED: readonly string[] = ['turns', 'frames', 'bytes', 'residenceUs', 'legs'];

/** Shows a session in a list: its record without what was measured in it, and what it has cost so far with its tasks, where that is known. */
export function listedSession(stored: StoredSession & Partial<SessionEnd>, costMicroUsd: number | undefined): object {
  const fields = Object.entries(sessionView(stored, undefined)).filter(([name]) => !MEASURED.includes(name));
  return { ...Object.fromEntries(fields), ...(costMicroUsd !== undefined && { costMicroUsd }) };
}

interface SessionSources {
  readonly stored: (StoredSession & Partial<SessionEnd>) | undefined;
  readonly live: object | undefined;
}

/**
 * Shows the live record, else the stored one, else what is known of the session's start (its process died). Its timeline is long, and what a
 * client that comes back has to know changes all the time: both have paths of their own.
 */
export function sessionView(
  stored: (StoredSession & Partial<SessionEnd>) | undefined,
  live: object | undefined,
): object {
  const { timeline: _, resume: __, ...record } = recordOfSession({ stored, live });
  if (stored === undefined) return record;
  const { id, key, team, provider, route, dialect, model, promptClass, dataClass, isRehearsal, continues } = stored;
  const { endUser, tags, clientSecret, asked, tried } = stored;
  return {
    id,
    state: stored.endedAt === undefined ? 'open' : 'closed',
    key,
    team,
    provider,
    route,
    dialect,
    model,
    asked,
    tried,
    continues,
    endUser,
    tags,
    clientSecret,
    startedAt: isoTime(stored.startedAt),
    ...(stored.endedAt === undefined ? {} : { endedAt: isoTime(stored.endedAt), reason: stored.reason }),
    ...record,
    class: promptClass,
    dataClass,
    isRehearsal,
  };
}

/** The record of a session: the stored one, and over it what is known while it lives. */
export function recordOfSession({ stored, live }: SessionSources): Readonly<Record<string, unknown>> {
  const record = parsed(stored?.record);
  return { ...(typeof record === 'object' ? record : {}), ...live };
}

export const isoTime = (at: number): string => new Date(at).toISOString();

/** Parses JSON of our own store. Text that cannot be read is not shown. */
function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
