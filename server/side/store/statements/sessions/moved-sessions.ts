// Sessions that a gateway process has left: one row each, which goes when another process takes it, or with its time.

import type { MovedSession } from '../../../../ipc/session-record.ts';
import type { MovedSessions } from '../../contract/moved-sessions.ts';
import type { Database, Query } from '../../database.ts';
import { insertAll } from '../../row-mapping.ts';
import { movedSessions } from '../../tables.ts';
import { RECOVERED } from './session-events.ts';

export const leaveSession = (database: Database, left: MovedSession): Promise<void> =>
  database.transaction(async (query) => {
    await query('delete from session_moved where id = $1', [left.id]);
    await insertAll(query, movedSessions, [left]);
  });

export async function movedSession(
  query: Query,
  ...[id, owner, now]: Parameters<MovedSessions['movedSession']>
): Promise<MovedSession | undefined> {
  const [row] = await (owner === undefined
    ? query('select * from session_moved where session = $1 and expires_at > $2', [id, now])
    : query('select * from session_moved where id = $1 and owner = $2 and expires_at > $3', [id, owner, now]));
  return row && movedSessions.item(row);
}

/** A session that was supposed to be lost meanwhile is open again. */
export const takeMoved = (
  database: Database,
  ...[id, owner, instance, now]: Parameters<MovedSessions['takeMoved']>
): Promise<boolean> =>
  database.transaction(async (query) => {
    const sql = 'delete from session_moved where id = $1 and owner = $2 and expires_at > $3 returning session';
    const [taken] = await query(sql, [id, owner, now]);
    if (taken === undefined) return false;
    await query(
      `update session set owner = $2, draining = null, ended_at = null, reason = null
       where id = $1 and (ended_at is null or reason = '${RECOVERED}')`,
      [taken.session as string, instance],
    );
    return true;
  });

export async function dropMoved(query: Query, id: string): Promise<void> {
  await query('delete from session_moved where id = $1', [id]);
}

export async function removeExpiredMoved(query: Query, now: number): Promise<number> {
  return (await query('delete from session_moved where expires_at <= $1 returning id', [now])).length;
}
