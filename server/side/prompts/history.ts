// What is kept of a session for one that continues it: its newest rolling summary and the turns since. A session that itself
// continued one goes on from what it was told. Rule: text goes only to sessions that may have it.

import type { StoredSession, StoredTurn, Task } from '../../ipc/records.ts';
import type { Store } from '../store/contract.ts';
import { readTaskInput } from './task-input.ts';

export interface History {
  /** The result of a `rolling-summary`: JSON. */
  readonly summary: string | undefined;
  /** Those that it does not cover, oldest first; their texts may be gone. */
  readonly turns: readonly StoredTurn[];
}

/** Sessions that are gone back through. */
const MAX_SESSIONS = 16;
/** Tasks of one session that are looked through. */
const MAX_TASKS = 1000;
/** A turn may be handed over so long after its end: a summary of that moment may lack it. Told twice, it does no harm. */
const LATE_MS = 5000;

/** What is kept of the session, and, where it has no summary of its own, of those before it. */
export async function historyOf(session: StoredSession, store: Store): Promise<History> {
  const turns: StoredTurn[] = [];
  let at: StoredSession | undefined = session;
  for (let count = 0; at !== undefined && count < MAX_SESSIONS; count += 1) {
    const own = await readOne(at.id, store);
    turns.unshift(...own.turns);
    if (own.summary !== undefined) return { summary: own.summary, turns };
    at = await earlierOf(at, store);
  }
  return { summary: undefined, turns };
}

/** What a session was told of an earlier one, as far as it is still kept. */
export async function earlierHistory(session: StoredSession, store: Store): Promise<History | undefined> {
  const earlier = await earlierOf(session, store);
  return earlier && historyOf(earlier, store);
}

async function earlierOf(session: StoredSession, store: Store): Promise<StoredSession | undefined> {
  const earlier = session.continues === undefined ? undefined : await store.session(session.continues);
  const mayHave = earlier?.key === session.key && (earlier?.dataClass === 'open' || session.dataClass === 'regulated');
  return mayHave ? earlier : undefined;
}

async function readOne(session: string, store: Store): Promise<History> {
  const [turns, done] = await Promise.all([
    store.turns(session),
    store.tasks({ session, state: 'done', limit: MAX_TASKS }),
  ]);
  const summaries = done.filter(({ kind, result }) => kind === 'rolling-summary' && result !== undefined);
  const [newest] = summaries
    .map((task) => ({ task, through: lastTurnOf(task, turns) }))
    .sort((one, other) => other.through - one.through || other.task.updatedAt - one.task.updatedAt);
  if (newest === undefined) return { summary: undefined, turns };
  return { summary: newest.task.result, turns: turns.filter(({ number }) => number > newest.through) };
}

/** The last turn that a summary is sure to cover; 0: none. */
function lastTurnOf(task: Task, turns: readonly StoredTurn[]): number {
  const { every, number = 0 } = readTaskInput(task) ?? {};
  if (every === 'turns') return number;
  return turns.findLast(({ endedAt }) => endedAt <= task.runAt - LATE_MS)?.number ?? 0;
}
