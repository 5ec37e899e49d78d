// Commits what session events change. Every statement leaves what exists as it is, or moves it forward: twice is once.

import { tokensOf } from '../../../../ipc/limits.ts';
import type { LedgerRow, SessionEnd, StoredSession, StoredTurn } from '../../../../ipc/stored-rows.ts';
import type { CloseName } from '../../../../session/close-reason.ts';
import type { SessionChanges } from '../../contract/store.ts';
import type { Query } from '../../database.ts';
import { byId, idsOf, insertAll, queryForIds, textValue } from '../../row-mapping.ts';
import { deliveries, flatten, ledger, sessions, tasks, turns, unflatten } from '../../tables.ts';
import { type Charge, charge } from '../budgets.ts';
import { keepIds } from '../id-owners.ts';
import { endSlices, shrinkSlices } from '../leases/slices.ts';
import { replaceRows, supersedes } from '../ledger.ts';
import { correctEach } from '../limits/take-limits.ts';

/** The reason that is supposed for a session while nothing is heard from its instance. */
export const RECOVERED: CloseName = 'recovered';

export async function commitSessions(query: Query, changes: SessionChanges): Promise<readonly string[]> {
  const { turns: spoken = [], tasks: armed = [] } = changes;
  const taken = await startSessions(query, changes.started ?? []);
  if (taken.length > 0) return taken;
  const sessionIds = [...spoken, ...armed].flatMap(({ session }) => session ?? []);
  const swept = await lockAndFindSwept(query, sessionIds);
  const isKept = ({ session }: { readonly session: string | undefined }) => !session || !swept.has(session);
  await insertAll(query, tasks, armed.filter(isKept).sort(byId));
  await insertAll(
    query,
    turns,
    spoken.map((turn) => (isKept(turn) ? turn : withoutText(turn))).sort(bySessionAndNumber),
  );
  for (const { id, draining } of (changes.draining ?? []).toSorted(byId))
    await query('update session set draining = $2 where id = $1 and ended_at is null', [id, JSON.stringify(draining)]);
  for (const end of (changes.ended ?? []).toSorted(byId)) await endSession(query, end);
  await commitRealtimeRows(query, changes);
  for (const { session, runAt } of changes.released ?? []) await releaseTasks(query, [session], runAt);
  await insertAll(query, deliveries, (changes.deliveries ?? []).toSorted(byId));
  await keepIds(query, changes.handedOut ?? []);
  return [];
}

/** Returns the ids that sessions of other instances have. */
async function startSessions(query: Query, started: readonly StoredSession[]): Promise<readonly string[]> {
  const inserted = await insertAll(query, sessions, started.toSorted(byId), 'on conflict do nothing returning id');
  const isNew = new Set(inserted.map(({ id }) => id));
  const known = started.filter(({ id }) => !isNew.has(id));
  const rows = await queryForIds(query, idsOf(known), 'select id, owner from session where id in (:ids)');
  const owners = new Map(rows.map(({ id, owner }) => [id, owner]));
  return known.filter(({ id, owner }) => owners.get(id) !== owner).map(({ id }) => id);
}

/** Lets armed tasks of these sessions run. A task that was tried before keeps the pause before its next try. */
export async function releaseTasks(query: Query, sessionIds: readonly string[], runAt: number): Promise<void> {
  const sql = `update task set run_at = $1, due_at = $1, updated_at = $1
    where session in (:ids) and state = 'queued' and version = 0 and run_at > $1`;
  await queryForIds(query, sessionIds, sql, [Math.round(runAt)]);
}

/** Finds the sessions whose text was removed. The update locks all of them: a removal waits until their turns are in. */
async function lockAndFindSwept(query: Query, sessionIds: readonly string[]): Promise<ReadonlySet<unknown>> {
  const lock = 'update session set owner = owner where id in (:ids) returning id, swept_at';
  const rows = await queryForIds(query, sessionIds, lock);
  return new Set(rows.filter(({ swept_at }) => swept_at !== null).map(({ id }) => id));
}

/** Lets the end that a session reported itself outweigh what was supposed while its instance was silent. */
async function endSession(query: Query, { id, endedAt, reason, record }: SessionEnd): Promise<void> {
  await query(
    `update session set ended_at = $2, reason = $3, record = $4
     where id = $1 and (ended_at is null or (reason = '${RECOVERED}' and $3 <> '${RECOVERED}'))`,
    [id, Math.round(endedAt), textValue(reason), record === undefined ? null : textValue(record)],
  );
}

/** Replaces each realtime row by a newer state of it, and charges its budgets with what the cost has grown by. */
async function commitRealtimeRows(
  query: Query,
  { ledger: rows = [], charged = {}, counted, slicesEnded = [] }: SessionChanges,
): Promise<void> {
  const latest = latestOfEach(rows);
  const flat = latest.map((row) => flatten(row));
  const inserted = await insertAll(query, ledger, flat, 'on conflict do nothing returning id');
  const isNew = new Set(inserted.map(({ id }) => id));
  const existing = latest.filter(({ id }) => !isNew.has(id));
  // The update changes nothing, and locks the rows until the end of this transaction.
  const lock = 'update ledger set outcome = outcome where id in (:ids) returning *';
  const stored = await queryForIds(query, idsOf(existing), lock);
  const before = new Map(stored.map((row) => [row.id, unflatten(ledger.item(row))]));
  const newer = existing.filter((row) => supersedes(row, before.get(row.id)));
  await replaceRows(query, newer);

  const grown = [...latest.filter(({ id }) => isNew.has(id)), ...newer];
  const growths = grown.map((row) => ({
    session: row.id,
    budgets: charged[row.id] ?? [],
    spentMicroUsd: (row.costMicroUsd ?? 0) - (before.get(row.id)?.costMicroUsd ?? 0),
  }));
  const charges: Charge[] = growths.flatMap(({ budgets, spentMicroUsd }) =>
    budgets.map((budget) => ({ ...budget, spentMicroUsd, reservedMicroUsd: 0 })),
  );
  charges.push(...(await shrinkSlices(query, growths)));
  for (const { session, isSpent } of slicesEnded) charges.push(...(await endSlices(query, session, isSpent)));
  await charge(query, charges);
  if (counted !== undefined) await countTokens(query, { grown, before, counted });
}

interface Grown {
  readonly grown: readonly LedgerRow[];
  readonly before: ReadonlyMap<unknown, LedgerRow>;
  readonly counted: Readonly<Record<string, readonly string[]>>;
}

/** Counts the tokens that rows have grown by, each scope once. */
async function countTokens(query: Query, { grown, before, counted }: Grown): Promise<void> {
  const sums = new Map<string, number>();
  for (const { id, usage } of grown) {
    const tokens = (tokensOf(usage) ?? 0) - (tokensOf(before.get(id)?.usage) ?? 0);
    for (const scope of tokens > 0 ? (counted[id] ?? []) : []) sums.set(scope, (sums.get(scope) ?? 0) + tokens);
  }
  const at = Math.max(...grown.map((row) => row.at));
  const inOrder = [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [scope, amount] of inOrder)
    await correctEach(query, { scopes: [scope], rate: 'tokens', amount, takenAt: at, now: at });
}

function latestOfEach(rows: readonly LedgerRow[]): readonly LedgerRow[] {
  const latest = new Map<string, LedgerRow>();
  for (const row of rows) if (supersedes(row, latest.get(row.id))) latest.set(row.id, row);
  return [...latest.values()].sort(byId);
}

const withoutText = (turn: StoredTurn): StoredTurn => ({ ...turn, user: undefined, assistant: undefined });

const bySessionAndNumber = (a: StoredTurn, b: StoredTurn): number =>
  a.session === b.session ? a.number - b.number : a.session < b.session ? -1 : 1;
