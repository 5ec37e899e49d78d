// The timeline of a session: its record's moments, turns and tasks, in order of time.

import type { Moment, SessionRecord } from '../../ipc/session-record.ts';
import type { SessionEnd, StoredSession, StoredTurn, Task } from '../../ipc/stored-rows.ts';
import { closerOf } from '../../session/close-reason.ts';

/** A moment, a turn or a task of a session; `at` is its beginning, in ms since the epoch. */
export type TimelineEntry =
  | Moment
  | {
      readonly at: number;
      readonly kind: 'turn';
      readonly number: number;
      readonly endedAt: number;
      readonly isInterrupted: boolean;
      /** The assistant said nothing in answer to the user; undefined where texts are not kept. */
      readonly isUnanswered: boolean | undefined;
    }
  | {
      readonly at: number;
      readonly kind: 'task';
      readonly id: string;
      readonly task: string;
      readonly state: Task['state'];
      /** Time from when it was due until its newest state. */
      readonly ms: number;
      readonly attempts: number;
      readonly error: string | undefined;
    };

interface TimelineSource {
  readonly stored: (StoredSession & Partial<SessionEnd>) | undefined;
  /** The record of a live session, else the stored one. */
  readonly record: Partial<SessionRecord>;
  readonly turns: readonly StoredTurn[];
  readonly tasks: readonly Task[];
}

export function timelineEntries({ stored, record, turns, tasks }: TimelineSource): readonly TimelineEntry[] {
  const moments = record.timeline ?? [];
  const replies = moments.filter(({ kind }) => kind === 'reply');
  const entries: TimelineEntry[] = [
    ...moments,
    ...turns.map((turn) => turnEntry(turn, replies)),
    ...tasks.flatMap(taskEntry),
    ...(moments.some(({ kind }) => kind === 'close') ? [] : supposedClose(stored)),
  ];
  return entries.sort((a, b) => a.at - b.at);
}

function turnEntry(turn: StoredTurn, replies: readonly Moment[]): TimelineEntry {
  const { number, startedAt, endedAt, isInterrupted, user, assistant } = turn;
  const isReplied = replies.some(({ at }) => at >= startedAt && at <= endedAt);
  const isUnanswered = assistant === undefined ? undefined : user !== '' && assistant === '' && !isReplied;
  return { at: startedAt, kind: 'turn', number, endedAt, isInterrupted, isUnanswered };
}

/** A task that waits for the end of the session is none yet. */
function taskEntry(task: Task): readonly TimelineEntry[] {
  const { id, kind, state, dueAt, updatedAt, attempts, error } = task;
  if (state === 'queued' && attempts === 0) return [];
  const at = Math.min(dueAt, updatedAt);
  return [{ at, kind: 'task', id, task: kind, state, ms: updatedAt - at, attempts, error }];
}

/** The end of a session that left no record. */
function supposedClose(stored: TimelineSource['stored']): readonly TimelineEntry[] {
  const { endedAt: at, reason } = stored ?? {};
  return at === undefined || reason === undefined ? [] : [{ at, kind: 'close', by: closerOf(reason), reason }];
}
