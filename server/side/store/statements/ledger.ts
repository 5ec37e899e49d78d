// The ledger: one row for each attempt and each realtime session. A row is settled once, and a realtime row never goes back.

import type { LedgerRow } from '../../../ipc/stored-rows.ts';
import { HOLD_MS, type LeasedCall, type LeasedCalls, type Settlement } from '../contract/budgets.ts';
import type { LedgerFilter, Store } from '../contract/store.ts';
import type { Database, Query, Row, Value } from '../database.ts';
import { byId, conditions, idsOf, insertAll, queryForIds } from '../row-mapping.ts';
import { flatten, ledger, unflatten } from '../tables.ts';
import { type Charge, charge } from './budgets.ts';
import { endLeases, loseLeases, spendLeases } from './leases/leases.ts';

type Field = (typeof ledger.fields)[number];

/** Lets a row without grades keep those that are stored: another task may have written them first. */
function assignment(field: Field, value: (column: string) => string): string {
  const column = ledger.column(field);
  const isGrade = field === 'quality' || field === 'score';
  return `${column} = ${isGrade ? `coalesce(${value(column)}, ledger.${column})` : value(column)}`;
}

export const RESERVATION_FIELDS: readonly Field[] = ['reservedMicroUsd', 'reservedBudgets', 'heldUntil', 'heldBy'];

const REPLACE = `on conflict (id) do update set ${ledger.fields
  .filter((field) => field !== 'id' && !RESERVATION_FIELDS.includes(field))
  .map((field) => assignment(field, (column) => `excluded.${column}`))
  .join(', ')}`;
const RETURNING = 'returning reserved_micro_usd, reserved_budgets';
const SETTLE = `${REPLACE} where ledger.outcome = 'pending' and excluded.outcome <> 'pending' ${RETURNING}`;

/** Positions of the fields that settling a reserved row changes. The others stay, and with them most of its places in the indexes. */
const settledAt = ledger.fields.flatMap((field, position) =>
  ['id', 'at', 'session', 'task', ...RESERVATION_FIELDS].includes(field) ? [] : [position],
);
const settleFrom = (outcome: 'pending' | 'lost') =>
  `update ledger set ${settledAt
    .map((position, index) => assignment(ledger.fields[position] as Field, () => `$${index + 2}`))
    .join(', ')} where id = $1 and outcome = '${outcome}' ${RETURNING}`;
const [SETTLE_PENDING, SETTLE_LOST] = [settleFrom('pending'), settleFrom('lost')];

/** True for a realtime row that comes after another one of its session: its usage is larger, or as large and it is the end, or not older. */
export function supersedes(row: LedgerRow, before: LedgerRow | undefined): boolean {
  if (before === undefined) return true;
  const more = totalOf(row) - totalOf(before);
  if (more !== 0) return more > 0;
  // The clock counts last: one that was set back puts an end before its last turn.
  const [isEnd, wasEnd] = [row.outcome !== 'pending', before.outcome !== 'pending'];
  return isEnd === wasEnd ? row.at >= before.at : isEnd;
}

function totalOf({ usage }: LedgerRow): number {
  const { totalTokens, inputTokens = 0, outputTokens = 0, seconds = 0, characters = 0, messages = 0 } = usage;
  const { inputAudioSeconds = 0, outputAudioSeconds = 0 } = usage;
  const counted = seconds + inputAudioSeconds + outputAudioSeconds + characters + messages;
  return Math.max(totalTokens ?? 0, inputTokens + outputTokens) + counted;
}

/** Writes whole rows over those with the same id. */
export async function replaceRows(query: Query, rows: readonly LedgerRow[]): Promise<void> {
  const items = rows.map((row) => flatten(row));
  await insertAll(query, ledger, items, REPLACE);
}

/**
 * Replaces pending rows and exchanges their reservations for what they cost. A row that was taken for lost gets its real cost. Rows that
 * were never pending are added.
 */
export async function settle(query: Query, settlements: readonly Settlement[], leased?: LeasedCalls): Promise<void> {
  const { holder, calls } = leased ?? { holder: '', calls: [] };
  const added = await addLeased(query, calls);
  const ended = calls.filter(({ row }) => row.outcome !== 'pending').map(settlementOf);
  const charges = ended.flatMap(({ row, ...reserved }) =>
    added.has(row.id) ? chargesOf(row.costMicroUsd, reserved) : [],
  );
  const stored = [...settlements, ...ended.filter(({ row }) => !added.has(row.id))];
  for (const one of stored.sort((a, b) => byId(a.row, b.row))) charges.push(...(await settleRow(query, one)));
  charges.push(...(await spendLeases(query, holder, addedIn(calls, added))));
  await charge(query, charges);
}

const addedIn = (calls: readonly LeasedCall[], added: ReadonlySet<string>) =>
  calls.filter(({ row }) => added.has(row.id));

const settlementOf = ({ row, budgets, reservedMicroUsd }: LeasedCall): Settled => ({
  ...{ row, reservedMicroUsd },
  budgets: budgets.map((id) => ({ id })),
});

/** Adds calls that reserved from a lease. Returns the ids of those that were not there. */
async function addLeased(query: Query, calls: readonly LeasedCall[]): Promise<ReadonlySet<string>> {
  const flat = calls.map(({ row, budgets, reservedMicroUsd }) =>
    flatten(row, { reservedMicroUsd, reservedBudgets: budgets, heldUntil: row.at + HOLD_MS }),
  );
  return new Set(idsOf(await insertAll(query, ledger, flat.sort(byId), 'on conflict do nothing returning id')));
}

/** Stores the calls of a process that is gone as ones whose time is over, and ends its leases. */
export async function recoverLeases(query: Query, { holder, calls }: LeasedCalls): Promise<void> {
  const added = await addLeased(query, calls);
  await query("update ledger set held_until = 0 where outcome = 'pending' and held_by = $1", [holder]);
  await charge(query, await spendLeases(query, holder, addedIn(calls, added)));
  await endLeases(query, holder);
}

async function settleRow(query: Query, { row, budgets, reservedMicroUsd }: Settled): Promise<readonly Charge[]> {
  const flat = flatten(row);
  if (flat.outcome !== 'pending') {
    const pending = await replaceRow(query, SETTLE_PENDING, flat);
    if (pending !== undefined) return chargesOf(row.costMicroUsd, reservedIn(pending));
    const lost = await replaceRow(query, SETTLE_LOST, flat);
    if (lost !== undefined) return correctionsOf(row.costMicroUsd, reservedIn(lost));
  }
  const [settled] = await insertAll(query, ledger, [flat], SETTLE);
  if (settled === undefined) return [];
  const wasPending = settled.reserved_micro_usd !== null;
  return chargesOf(row.costMicroUsd, wasPending ? reservedIn(settled) : { budgets, reservedMicroUsd });
}

/** Returns the reservation of the row that the statement has changed; undefined when there was none for it. */
async function replaceRow(query: Query, sql: string, flat: ReturnType<typeof flatten>): Promise<Row | undefined> {
  const values = ledger.values(flat);
  const [replaced] = await query(sql, [flat.id, ...settledAt.map((position) => values[position] as Value)]);
  return replaced;
}

interface Reserved {
  readonly budgets: readonly { readonly id: string; readonly resetsAt?: number | undefined }[];
  readonly reservedMicroUsd: number;
}

interface Settled extends Reserved {
  readonly row: LedgerRow;
}

const reservedIn = (row: Row): Reserved => ({
  budgets: (JSON.parse(row.reserved_budgets as string) as string[]).map((id) => ({ id })),
  reservedMicroUsd: Number(row.reserved_micro_usd ?? 0),
});

const chargesOf = (costMicroUsd: number | undefined, { budgets, reservedMicroUsd }: Reserved): Charge[] =>
  budgets.map(({ id, resetsAt }) => ({
    id,
    resetsAt,
    spentMicroUsd: costMicroUsd ?? 0,
    reservedMicroUsd: -reservedMicroUsd,
  }));

/** A row that was taken for lost was charged at its reservation. */
const correctionsOf = (costMicroUsd: number | undefined, { budgets, reservedMicroUsd }: Reserved): Charge[] =>
  budgets.map(({ id }) => ({ id, spentMicroUsd: (costMicroUsd ?? 0) - reservedMicroUsd, reservedMicroUsd: 0 }));

export async function extendReservations(query: Query, ids: readonly string[], until: number): Promise<void> {
  await queryForIds(query, ids, "update ledger set held_until = $1 where outcome = 'pending' and id in (:ids)", [
    until,
  ]);
}

/** Number of lost rows that one transaction settles. */
const MAX_LOST = 200;

export async function settleLost({ transaction, skipLocked }: Database, now: number): Promise<number> {
  await transaction((query) => loseLeases(query, now, skipLocked));
  for (let settled = 0; ; ) {
    const count = await transaction((query) => settleSome(query, now, skipLocked));
    settled += count;
    if (count < MAX_LOST) return settled;
  }
}

async function settleSome(query: Query, now: number, skipLocked: string): Promise<number> {
  const lost = await query(
    `update ledger set outcome = 'lost', is_flagged = 1,
       cost_micro_usd = case when reserved_micro_usd > 0 then reserved_micro_usd end,
       estimated_micro_usd = case when reserved_micro_usd > 0 then reserved_micro_usd end,
       cost_source = case when reserved_micro_usd > 0 then 'estimated' else 'unknown' end
     where id in (select id from ledger where outcome = 'pending' and kind <> 'realtime' and held_until < $1
       order by held_until, id limit ${MAX_LOST} ${skipLocked})
     returning id, reserved_micro_usd, reserved_budgets`,
    [now],
  );
  const charges = lost.map(reservedIn).flatMap((reserved) => chargesOf(reserved.reservedMicroUsd, reserved));
  await charge(query, charges);
  return lost.length;
}

export async function addRefusals(query: Query, rows: readonly LedgerRow[]): Promise<void> {
  const flat = rows.map((row) => flatten(row));
  await insertAll(query, ledger, flat.sort(byId));
}

export async function grade(
  query: Query,
  id: string,
  { quality, score }: Parameters<Store['grade']>[1],
): Promise<void> {
  await query(
    `update ledger set quality = coalesce(cast($2 as text), quality), score = coalesce(cast($3 as double precision), score)
     where id = $1`,
    [id, quality ?? null, score ?? null],
  );
}

export async function selectLedger(query: Query, filter: LedgerFilter): Promise<readonly LedgerRow[]> {
  const { session, task, since, until, before, limit } = filter;
  const { and, params } = conditions([
    session !== undefined && ['session = ?', session],
    task !== undefined && ['task = ?', task],
    since !== undefined && ['at >= ?', since],
    until !== undefined && ['at < ?', until],
    before !== undefined && ['(at, id) < (select at, id from ledger where id = ?)', before],
  ]);
  const rows = await query(`select * from ledger where ${and} order by at desc, id desc limit $${params.length + 1}`, [
    ...params,
    limit,
  ]);
  return rows.map((row) => unflatten(ledger.item(row)));
}

export async function selectSessionCosts(
  query: Query,
  ids: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const sql = `select session, sum(cost_micro_usd) as cost from ledger
    where session in (:ids) and cost_micro_usd is not null group by session`;
  const rows = await queryForIds(query, ids, sql);
  return Object.fromEntries(rows.map(({ session, cost }) => [String(session), Number(cost)]));
}
