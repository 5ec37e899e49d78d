// Reads the history of a session for one that continues it: its newest rolling summary and the turns since. A session that continues
// another one goes back to that one's history. Text goes only to sessions that may have it.

import type { StoredSession, StoredTurn } from '../../ipc/stored-rows.ts';
import type { Store, SummaryEntry } from '../store/contract/store.ts';
import { readTaskInput } from './task-input.ts';

export interface History {
  /** Result of a `rolling-summary` as JSON. */
  readonly summary: string | undefined;
  /** Turns that the summary does not cover, oldest first; their texts may be gone. */
  readonly turns: readonly StoredTurn[];
}

/** Number of sessions that are gone back through. */
const MAX_SESSIONS = 16;
/** Longest time that a turn may take to arrive after its end. A summary of that moment may lack it; told twice, it does no harm. */
const LATE_MS = 5000;

/** Reads the history of the session, and, where it has no summary of its own, of those before it. */
export async function historyOf(session: StoredSession, store: Store): Promise<History> {
  const turns: StoredTurn[] = [];
  let at: StoredSession | undefined = session;
  for (let count = 0; at !== undefined && count < MAX_SESSIONS; count += 1) {
    const own = await ownHistory(at.id, store);
    turns.unshift(...own.turns);
    if (own.summary !== undefined) return { summary: own.summary, turns };
    at = await continuedSession(at, store);
  }
  return { summary: undefined, turns };
}

/** Reads the history that a session began with, as far as it is still kept. */
export async function earlierHistory(session: StoredSession, store: Store): Promise<History | undefined> {
  const earlier = await continuedSession(session, store);
  return earlier && historyOf(earlier, store);
}

async function continuedSession(session: StoredSession, store: Store): Promise<StoredSession | undefined> {
  const earlier = session.continues === undefined ? undefined : await store.session(session.continues);
  const mayHave = earlier?.key === session.key && (earlier?.dataClass === 'open' || session.dataClass === 'regulated');
  return mayHave ? earlier : undefined;
}

async function ownHistory(session: string, store: Store): Promise<History> {
  const [turns, summaries] = await Promise.all([store.turns(session), store.summaries(session)]);
  const [newest] = summaries
    .map((summary) => ({ ...summary, through: lastTurnOf(summary, turns) }))
    .sort((a, b) => b.through - a.through || b.updatedAt - a.updatedAt);
  const result = newest && (await store.task(newest.id))?.result;
  if (newest === undefined || result === undefined) return { summary: undefined, turns };
  return { summary: result, turns: turns.filter(({ number }) => number > newest.through) };
}

/** Number of the last turn that a summary is sure to cover; 0 for none. */
function lastTurnOf(summary: SummaryEntry, turns: readonly StoredTurn[]): number {
  const { every, number = 0 } = readTaskInput(summary) ?? {};
  if (every === 'turns') return number;
  return turns.findLast(({ endedAt }) => endedAt <= summary.runAt - LATE_MS)?.number ?? 0;
}
