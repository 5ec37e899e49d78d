// Sessions and their turns: reading them, and ending those of an instance that is gone.

import type { StoredSession, StoredTurn } from '../../../../ipc/stored-rows.ts';
import type { SessionFilter, SessionRow } from '../../contract/store.ts';
import type { Database, Query } from '../../database.ts';
import { conditions, idsOf, keyCondition } from '../../row-mapping.ts';
import { sessions, turns } from '../../tables.ts';
import { RECOVERED, releaseTasks } from './session-events.ts';

export async function selectSession(query: Query, id: string): Promise<SessionRow | undefined> {
  const [row] = await query('select * from session where id = $1', [id]);
  return row && sessions.item(row);
}

export async function selectSessions(
  query: Query,
  { key, since, until, model, state, endUser, tag, before, limit }: SessionFilter,
): Promise<readonly SessionRow[]> {
  const { and, params } = conditions([
    keyCondition(key),
    since !== undefined && ['started_at >= ?', since],
    until !== undefined && ['started_at < ?', until],
    model !== undefined && ['model = ?', model],
    endUser !== undefined && ['end_user = ?', endUser],
    // Quotes within a text of JSON are escaped, so that no other text has this one in it.
    tag !== undefined && ["replace(tags, ?, '') <> tags", JSON.stringify(Object.fromEntries([tag])).slice(1, -1)],
    state !== undefined && [state === 'open' ? 'ended_at is null' : 'ended_at is not null'],
    before !== undefined && ['(started_at, id) < (select started_at, id from session where id = ?)', before],
  ]);
  const sql = `select * from session where ${and} order by started_at desc, id desc limit $${params.length + 1}`;
  return (await query(sql, [...params, limit])).map(sessions.item);
}

export async function selectTurns(query: Query, session: string): Promise<readonly StoredTurn[]> {
  return (await query('select * from turn where session = $1 order by number', [session])).map(turns.item);
}

export async function renewLease(query: Query, owner: string, until: number): Promise<void> {
  await query(
    `insert into lease (owner, expires_at) values ($1, $2)
     on conflict (owner) do update set expires_at = excluded.expires_at`,
    [owner, Math.round(until)],
  );
}

export async function releaseLease(query: Query, owner: string): Promise<void> {
  await query('delete from lease where owner = $1', [owner]);
  await query('delete from session_place where owner = $1', [owner]);
}

interface Recovery {
  readonly owner: string;
  readonly now: number;
  readonly isAlone: boolean;
}

/** Time for which a lease that is over can be told from one that was given back. */
const OVER_KEPT_MS = 600_000;

/**
 * Ends the open sessions of all other instances that are gone: without a lease, or, where this one is alone, at all. Sessions that were ended so
 * before are returned again until their ledger row is no longer pending: an instance may be lost before it wrote the row.
 */
export function recoverSessions(database: Database, recovery: Recovery): Promise<readonly StoredSession[]> {
  const { owner, now, isAlone } = recovery;
  return database.transaction(async (query) => {
    const ended = await query(
      `update session set reason = '${RECOVERED}',
         ended_at = coalesce((select max(ended_at) from turn where turn.session = session.id), started_at)
       where ended_at is null and owner <> $1 and (cast($3 as bigint) = 1 or not exists
         (select 1 from lease where lease.owner = session.owner and lease.expires_at > $2))
         and not exists (select 1 from session_moved where session_moved.session = session.id and session_moved.expires_at > $2)
       returning *`,
      [owner, now, isAlone ? 1 : 0],
    );
    await query('delete from lease where expires_at <= $1 and owner <> $2', [now - OVER_KEPT_MS, owner]);
    await releaseTasks(query, idsOf(ended), now);
    const unfinished = await query(
      `select * from session where ended_at is not null and reason = '${RECOVERED}' and id in
         (select session from ledger where outcome = 'pending' and kind = 'realtime')`,
    );
    const isNew = new Set(ended.map(({ id }) => id));
    return [...ended, ...unfinished.filter(({ id }) => !isNew.has(id))].map(sessions.item);
  });
}
