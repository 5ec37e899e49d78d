// Commits what the gateways hand over. Every statement leaves what exists as it is, or moves it forward: twice is once.

import type { LedgerRow, SessionEnd, StoredTurn } from '../../../ipc/records.ts';
import type { SessionChanges } from '../contract.ts';
import type { Query, Row } from '../database.ts';
import { insertAll, queryForIds, textValue } from '../table.ts';
import { deliveries, flatten, ledger, sessions, tasks, turns, unflatten } from '../tables.ts';
import { charge } from './budgets.ts';
import { replaceRows, supersedes } from './ledger.ts';

export async function commitSessions(query: Query, handover: SessionChanges): Promise<void> {
  await insertAll(query, sessions, byId(handover.started));
  const { turns: spoken, tasks: armed } = handover;
  const swept = await sweptOf(
    query,
    [...spoken, ...armed].flatMap(({ session }) => session ?? []),
  );
  const isKept = ({ session }: { readonly session: string | undefined }) => !session || !swept.has(session);
  await insertAll(query, tasks, byId(armed.filter(isKept)));
  await insertAll(query, turns, spoken.map((turn) => (isKept(turn) ? turn : withoutText(turn))).sort(byPlace));
  for (const end of byId(handover.ended)) await endSession(query, end);
  await takeRealtime(query, handover);
  for (const { session, runAt } of handover.released) await releaseTasks(query, [session], runAt);
  await insertAll(query, deliveries, byId(handover.deliveries ?? []));
}

/** Lets armed tasks of these sessions run. One that was tried before keeps the pause before its next try. */
export async function releaseTasks(query: Query, ids: readonly string[], runAt: number): Promise<void> {
  const sql = (
    list: string,
    next: (offset: number) => string,
  ) => `update task set run_at = ${next(1)}, updated_at = ${next(1)}
    where session in (${list}) and state = 'queued' and attempts = 0 and run_at > ${next(1)}`;
  await queryForIds(query, ids, sql, [Math.round(runAt)]);
}

/** Which of these sessions had their text removed. Holds all of them: who removes text waits until their turns are in. */
async function sweptOf(query: Query, ids: readonly string[]): Promise<ReadonlySet<unknown>> {
  const rows = await queryForIds(
    query,
    ids,
    (list) => `update session set owner = owner where id in (${list}) returning id, swept_at`,
  );
  return new Set(rows.filter(({ swept_at }) => swept_at !== null).map(({ id }) => id));
}

/** What a session itself said about its end outweighs what was supposed while its instance was silent. */
async function endSession(query: Query, { id, endedAt, reason, record }: SessionEnd): Promise<void> {
  await query(
    `update session set ended_at = $2, reason = $3, record = $4
     where id = $1 and (ended_at is null or (reason = 'recovered' and $3 <> 'recovered'))`,
    [id, Math.round(endedAt), textValue(reason), record === undefined ? null : textValue(record)],
  );
}

async function takeRealtime(query: Query, { ledger: rows, charged = {} }: SessionChanges): Promise<void> {
  const latest = latestOf(rows);
  const inserted = await insertAll(
    query,
    ledger,
    latest.map((row) => flatten(row)),
    'on conflict do nothing returning id',
  );
  const isNew = new Set(inserted.map(({ id }) => id));
  const existing = latest.filter(({ id }) => !isNew.has(id));
  // Written as it is, so that it stays as it is until the end of this transaction.
  const held = await queryForIds(
    query,
    existing.map(({ id }) => id),
    (list) => `update ledger set outcome = outcome where id in (${list}) returning *`,
  );
  const before = new Map(held.map((row: Row) => [row.id, unflatten(ledger.item(row))]));
  const further = existing.filter((row) => supersedes(row, before.get(row.id)));
  await replaceRows(query, further);

  const added = [...latest.filter(({ id }) => isNew.has(id)), ...further].flatMap((row) => {
    const more = (row.costMicroUsd ?? 0) - (before.get(row.id)?.costMicroUsd ?? 0);
    return (charged[row.id] ?? []).map((budget) => ({ ...budget, spentMicroUsd: more, reservedMicroUsd: 0 }));
  });
  await charge(query, added);
}

/** The furthest row of each session, by id. */
function latestOf(rows: readonly LedgerRow[]): readonly LedgerRow[] {
  const latest = new Map<string, LedgerRow>();
  for (const row of rows) if (supersedes(row, latest.get(row.id))) latest.set(row.id, row);
  return byId([...latest.values()]);
}

const withoutText = (turn: StoredTurn): StoredTurn => ({ ...turn, user: undefined, assistant: undefined });

/** Everyone writes in this order, so that two transactions never wait for each other. */
const byId = <Item extends { readonly id: string }>(items: readonly Item[]): readonly Item[] =>
  [...items].sort((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));

const byPlace = (a: StoredTurn, b: StoredTurn): number =>
  a.session === b.session ? a.number - b.number : a.session < b.session ? -1 : 1;
