// Removes what was said. Ledger rows, counts and times stay; a session remembers that its text is gone, so that no late text is kept.

import type { RetentionRule } from '../../contract/store.ts';
import type { Database, Query } from '../../database.ts';
import { idsOf, queryForIds } from '../../row-mapping.ts';
import { END_DELIVERY } from '../deliveries.ts';

/** Number of sessions that one transaction sweeps. */
const MAX_SESSIONS = 200;
/** Age after which ended budget windows, lost leases, ids of sent messages, and the input of failed tasks are of no use. */
const STALE_MS = 8 * 24 * 60 * 60 * 1000;

export async function forget(database: Database, session: string, now: number): Promise<boolean> {
  const exists = await database.transaction(async (query) => {
    const marked = await query(
      `update session set swept_at = coalesce(swept_at, $2), forgotten_at = coalesce(forgotten_at, $2) where id = $1 returning id`,
      [session, now],
    );
    if (marked.length > 0) await removeAll(query, [session], now);
    return marked.length > 0;
  });
  if (exists) await database.eraseDeleted();
  return exists;
}

export async function sweep(database: Database, rule: RetentionRule, now: number): Promise<number> {
  let swept = 0;
  for (;;) {
    const count = await database.transaction((query) =>
      rule.kind === 'older' ? sweepOlder(query, rule.than, now) : sweepDone(query, now),
    );
    swept += count;
    if (count < MAX_SESSIONS) break;
  }
  if (swept > 0) await database.eraseDeleted();
  await removeStale(database.query, now);
  return swept;
}

/** Removes the transcripts of sessions that ended and wait for no task. Results are what transcripts are kept for, and stay. */
async function sweepDone(query: Query, now: number): Promise<number> {
  const rows = await query(
    `update session set swept_at = $1 where id in (
       select id from session where ended_at is not null and swept_at is null and not exists
         (select 1 from task where task.session = session.id and task.state in ('queued', 'running'))
       order by ended_at limit ${MAX_SESSIONS})
     returning id`,
    [now],
  );
  await removeTranscripts(query, idsOf(rows));
  const withoutSession = await query(
    `update task set input = null where session is null and input is not null
       and (state = 'done' or (state in ('failed', 'dead') and updated_at < $1)) returning id`,
    [now - STALE_MS],
  );
  return rows.length + withoutSession.length;
}

async function sweepOlder(query: Query, than: number, now: number): Promise<number> {
  const rows = await query(
    `update session set swept_at = coalesce(swept_at, $1), forgotten_at = $1 where id in (
       select id from session where ended_at < $2 and ended_at is not null and forgotten_at is null
       order by ended_at limit ${MAX_SESSIONS})
     returning id`,
    [now, than],
  );
  await removeAll(query, idsOf(rows), now);
  const withoutSession = await query(
    `update task set input = null, result = null
     where session is null and state not in ('queued', 'running') and updated_at < $1
       and (input is not null or result is not null) returning id`,
    [than],
  );
  return rows.length + withoutSession.length;
}

async function removeTranscripts(query: Query, ids: readonly string[]): Promise<void> {
  await queryForIds(query, ids, 'update turn set "user" = null, assistant = null where session in (:ids)');
  await queryForIds(query, ids, 'update task set input = null where session in (:ids) and input is not null');
}

async function removeAll(query: Query, ids: readonly string[], now: number): Promise<void> {
  await removeTranscripts(query, ids);
  // The new version keeps a runner that works on such a task from writing its result.
  const failOpen = `update task set state = 'failed', error = 'forgotten', version = version + 1, lease_until = null,
    updated_at = $1 where session in (:ids) and state in ('queued', 'running')`;
  await queryForIds(query, ids, failOpen, [now]);
  await queryForIds(query, ids, 'update feedback set comment = null where ledger_row in (:ids)');
  await queryForIds(query, ids, 'update task set result = null where session in (:ids) and result is not null');
  await queryForIds(query, ids, `update delivery set ${END_DELIVERY} where session in (:ids) and is_over = 0`);
}

async function removeStale(query: Query, now: number): Promise<void> {
  await query('delete from budget where resets_at < $1 and reserved = 0', [now - STALE_MS]);
  await query('delete from budget_lease where is_lost = 1 and held_until < $1', [now - STALE_MS]);
  await query('delete from delivery where is_over = 1 and next_at < $1', [now - STALE_MS]);
}
