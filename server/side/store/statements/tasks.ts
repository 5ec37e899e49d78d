// The queue of tasks. The version of a task counts its leases: a runner that holds an old lease writes nothing.

import type { Task } from '../../../ipc/stored-rows.ts';
import type { DeliveryClaim, RequeueFilter, SummaryEntry, TaskFilter, TaskOutcome } from '../contract/store.ts';
import type { Database, Query, Value } from '../database.ts';
import { conditions, insertAll, keyCondition, textValue } from '../row-mapping.ts';
import { DUE_AT } from '../schema.ts';
import { deliveries, tasks } from '../tables.ts';
import { grade } from './ledger.ts';

export async function insertTask(query: Query, task: Task): Promise<void> {
  await insertAll(query, tasks, [task]);
}

export async function selectTask(query: Query, id: string): Promise<Task | undefined> {
  const [row] = await query('select * from task where id = $1', [id]);
  return row && tasks.item(row);
}

export async function selectTasks(query: Query, filter: TaskFilter): Promise<readonly Task[]> {
  const { session, key, state, before, limit } = filter;
  const { and, params } = conditions([
    session !== undefined && ['session = ?', session],
    keyCondition(key),
    state !== undefined && ['state = ?', state],
    before !== undefined && ['(created_at, id) < (select created_at, id from task where id = ?)', before],
  ]);
  const sql = `select * from task where ${and} order by created_at desc, id desc limit $${params.length + 1}`;
  return (await query(sql, [...params, limit])).map(tasks.item);
}

/** Reads no results, which are long: a session has at most a summary for each of its turns or minutes. */
export async function selectSummaries(query: Query, session: string): Promise<readonly SummaryEntry[]> {
  const sql = `select id, input, run_at, updated_at from task
    where session = $1 and kind = 'rolling-summary' and state = 'done' and result is not null`;
  return (await query(sql, [session])).map(tasks.item);
}

interface ClaimOptions extends Required<DeliveryClaim> {
  readonly skipLocked: string;
}

export async function claimTasks(
  query: Query,
  { now, leaseUntil, count, without, skipLocked }: ClaimOptions,
): Promise<readonly Task[]> {
  const notOf = without.map((_, index) => `and prompt_class <> $${index + 4}`).join(' ');
  const rows = await query(
    `update task set state = 'running', lease_until = $2, attempts = attempts + 1, version = version + 1, updated_at = $1
     where id in (select id from task where ${DUE_AT} <= $1 ${notOf} order by ${DUE_AT}, id limit $3 ${skipLocked})
     returning *`,
    [Math.round(now), Math.round(leaseUntil), count, ...without],
  );
  // `returning` keeps no order.
  return rows.map(tasks.item).sort((a, b) => a.runAt - b.runAt || (a.id < b.id ? -1 : 1));
}

export async function extendTaskLease(
  query: Query,
  { id, version, leaseUntil }: { readonly id: string; readonly version: number; readonly leaseUntil: number },
): Promise<boolean> {
  const rows = await query(
    "update task set lease_until = $3 where id = $1 and version = $2 and state = 'running' returning id",
    [id, version, Math.round(leaseUntil)],
  );
  return rows.length > 0;
}

export async function settleTask(query: Query, outcome: TaskOutcome): Promise<boolean> {
  const { id, version, state, runAt, isReturned = false, result, error, quality, at } = outcome;
  const text = (value: string | undefined): Value => (value === undefined ? null : textValue(value));
  const [settled] = await query(
    `update task set state = $3, run_at = coalesce(cast($4 as bigint), run_at), lease_until = null,
       attempts = attempts - $9, result = $5, error = $6, quality = $7, updated_at = $8
     where id = $1 and version = $2 and state = 'running'
     returning session`,
    [
      id,
      version,
      state,
      runAt === undefined ? null : Math.round(runAt),
      text(result),
      text(error),
      quality ?? null,
      Math.round(at),
      isReturned ? 1 : 0,
    ],
  );
  if (settled === undefined) return false;
  const session = (settled.session as string | null) ?? undefined;
  await insertAll(
    query,
    deliveries,
    outcome.deliveries.map((delivery) => ({ ...delivery, session })),
  );
  await insertAll(query, tasks, outcome.tasks ?? []);
  if (outcome.grade !== undefined) await grade(query, outcome.grade.row, { score: outcome.grade.score });
  return true;
}

/** Puts a task back that has ended, unless the text is gone that it would work on. */
const REQUEUE = `update task set state = 'queued', run_at = $1, due_at = $1, attempts = 0, version = version + 1,
  lease_until = null, updated_at = $1`;
const HAS_TEXT = 'not exists (select 1 from session where session.id = task.session and session.swept_at is not null)';

export async function requeueTask(query: Query, id: string, now: number): Promise<boolean> {
  const rows = await query(`${REQUEUE} where id = $2 and state in ('dead', 'failed') and ${HAS_TEXT} returning id`, [
    Math.round(now),
    id,
  ]);
  return rows.length > 0;
}

/** Number of tasks that one transaction puts back. */
const MAX_REQUEUED = 200;

export async function requeueTasks(
  { query, skipLocked }: Pick<Database, 'query' | 'skipLocked'>,
  { state, since, now }: RequeueFilter,
): Promise<number> {
  for (let requeued = 0; ; ) {
    // A task that ends again meanwhile was changed after `now`.
    const rows = await query(
      `${REQUEUE} where id in (select id from task where state = $2 and updated_at >= $3 and updated_at <= $1
         and ${HAS_TEXT} order by created_at, id limit ${MAX_REQUEUED} ${skipLocked}) returning id`,
      [Math.round(now), state, Math.round(since)],
    );
    requeued += rows.length;
    if (rows.length < MAX_REQUEUED) return requeued;
  }
}
