// Amounts spent and reserved of each budget. They move in single statements, in the order of ids, so that no two calls pass a limit together.

import type { LedgerRow } from '../../../ipc/stored-rows.ts';
import {
  type BudgetAmounts,
  type BudgetNews,
  type BudgetReservation,
  type BudgetWindow,
  HOLD_MS,
} from '../contract/budgets.ts';
import type { Database, Query, Row } from '../database.ts';
import { byId, idsOf, insertAll, queryForIds } from '../row-mapping.ts';
import { deliveries, flatten, ledger } from '../tables.ts';

/** Undoes the transaction. It is an answer, and no fault. */
class Exceeded extends Error {
  readonly reservation: Extract<BudgetReservation, { kind: 'exceeded' }>;
  constructor(reservation: Exceeded['reservation']) {
    super('exceeded');
    this.reservation = reservation;
  }
}

interface ReserveOptions {
  readonly budgets: readonly BudgetWindow[];
  readonly amountMicroUsd: number;
  readonly pending: LedgerRow;
}

/** Reserves the amount in every budget and writes the pending row, or does nothing. A row that exists has its reservation. */
export async function reserve(
  database: Database,
  { budgets, amountMicroUsd, pending }: ReserveOptions,
): Promise<BudgetReservation> {
  const amount = Math.min(Math.ceil(amountMicroUsd), MOST_MOVED);
  const inOrder = [...budgets].sort(byId);
  try {
    return await database.transaction(async (query) => {
      const row = flatten(pending, {
        reservedMicroUsd: amount,
        reservedBudgets: inOrder.map(({ id }) => id),
        heldUntil: pending.at + HOLD_MS,
      });
      const inserted = await insertAll(query, ledger, [row], 'on conflict do nothing returning id');
      if (inserted.length > 0) for (const budget of inOrder) await reserveOne(query, budget, amount);
      return { kind: 'reserved' };
      // Relaxed durability is enough: a call waits for this, and when the power fails the call is gone too.
    }, 'relaxed');
  } catch (error) {
    if (!(error instanceof Exceeded)) throw error;
    const { reservation } = error;
    if (reservation.isLeased) {
      const until = pending.at + WANTED_MS;
      await database.query('update budget set wanted_until = $2 where id = $1', [reservation.budget.id, until]);
    }
    return reservation;
  }
}

/** Time for which a budget that was too small for a call is leased to nobody. */
const WANTED_MS = 10_000;

async function reserveOne(query: Query, budget: BudgetWindow, amount: number): Promise<void> {
  const limit = Math.floor(budget.limitMicroUsd);
  if (amount <= limit) {
    const [reserved] = await query(
      `insert into budget (id, spent, reserved, resets_at) values ($1, 0, $2, $3)
       on conflict (id) do update set reserved = budget.reserved + excluded.reserved
       where budget.spent + budget.reserved + excluded.reserved <= $4
       returning id`,
      [budget.id, amount, budget.resetsAt ?? null, limit],
    );
    if (reserved !== undefined) return;
  }
  const { spentMicroUsd, reservedMicroUsd } = await budgetUse(query, budget.id);
  const leftMicroUsd = Math.max(0, limit - spentMicroUsd - reservedMicroUsd);
  const leased =
    (await isLeased(query, budget.id)) && amount <= limit - spentMicroUsd ? { isLeased: true as const } : {};
  throw new Exceeded({ kind: 'exceeded', budget, leftMicroUsd, spentMicroUsd, reservedMicroUsd, ...leased });
}

/** Leases of sessions are none that anybody returns when asked. */
export const OF_A_PROCESS = "holder not like 'session:%'";

/** Tells whether processes hold a part of this budget that no stored call has reserved. */
async function isLeased(query: Query, budget: string): Promise<boolean> {
  const sql = `select 1 from budget_lease where budget = $1 and is_lost = 0 and amount > 0 and ${OF_A_PROCESS} limit 1`;
  return (await query(sql, [budget])).length > 0;
}

/** Amounts that are added to a budget; `resetsAt` where it is known. */
export interface Charge {
  readonly id: string;
  readonly resetsAt?: number | undefined;
  readonly spentMicroUsd: number;
  /** Negative where a reservation is given back. */
  readonly reservedMicroUsd: number;
}

/** Most that one charge moves, and that a budget has spent: far above the largest limit, and exact as a number. */
const [MOST_MOVED, MOST_SPENT] = [1_000_000_000_000_000, 8_000_000_000_000_000];

/** No number from outside may make a statement fail: the others of its batch would fail with it. */
const amountOf = (microUsd: number): number =>
  Number.isNaN(microUsd) ? 0 : Math.round(Math.max(-MOST_MOVED, Math.min(microUsd, MOST_MOVED)));

/** Adds to budgets, also beyond their limits: what was used was used. */
export async function charge(query: Query, charges: readonly Charge[]): Promise<void> {
  const sums = new Map<string, Charge>();
  for (const added of charges) {
    const sum = sums.get(added.id) ?? { spentMicroUsd: 0, reservedMicroUsd: 0 };
    sums.set(added.id, {
      ...added,
      spentMicroUsd: added.spentMicroUsd + sum.spentMicroUsd,
      reservedMicroUsd: added.reservedMicroUsd + sum.reservedMicroUsd,
    });
  }
  for (const { id, resetsAt, spentMicroUsd, reservedMicroUsd } of [...sums.values()].sort(byId)) {
    if (spentMicroUsd === 0 && reservedMicroUsd === 0) continue;
    await query(
      `insert into budget (id, spent, reserved, resets_at) values ($1, $2, $3, $4)
       on conflict (id) do update set reserved = budget.reserved + excluded.reserved, spent =
         case when budget.spent + excluded.spent > ${MOST_SPENT} then ${MOST_SPENT} else budget.spent + excluded.spent end`,
      [id, amountOf(spentMicroUsd), amountOf(reservedMicroUsd), resetsAt ?? null],
    );
  }
}

export async function budgetUse(query: Query, budget: string) {
  const [row] = await query('select spent, reserved from budget where id = $1', [budget]);
  return { spentMicroUsd: Number(row?.spent ?? 0), reservedMicroUsd: Number(row?.reserved ?? 0) };
}

export async function budgetUses(
  query: Query,
  ids: readonly string[],
): Promise<Readonly<Record<string, BudgetAmounts>>> {
  const rows = await queryForIds(query, ids, 'select id, spent, reserved from budget where id in (:ids)');
  const amounts = rows.map(amountsOf);
  return Object.fromEntries(idsOf(rows).map((id, at) => [id, amounts[at] as BudgetAmounts]));
}

/** The highest limits that were told of. */
const TOLD = { 'budget.warning': 'warned_limit', 'budget.reached': 'reached_limit' } as const;

/** Only the first one that tells of a limit, or of a higher one, changes the row. */
export async function tellOfBudget(
  query: Query,
  { window, event, deliveries: messages }: BudgetNews,
): Promise<boolean> {
  const column = TOLD[event];
  const told = await query(
    `insert into budget (id, spent, reserved, resets_at, ${column}) values ($1, 0, 0, $2, $3)
     on conflict (id) do update set ${column} = excluded.${column}
     where budget.${column} is null or budget.${column} < excluded.${column} returning id`,
    [window.id, window.resetsAt ?? null, window.limitMicroUsd],
  );
  if (told.length === 0) return false;
  await insertAll(
    query,
    deliveries,
    messages.map((message) => ({ ...message, session: undefined })),
  );
  return true;
}

export async function budgetWindows(query: Query, prefix: string, limit: number) {
  const sql = `select id, spent, reserved from budget where substr(id, 1, ${prefix.length}) = $1
    order by spent desc, id limit $2`;
  return (await query(sql, [prefix, limit])).map((row) => ({ id: String(row.id), ...amountsOf(row) }));
}

const amountsOf = ({ spent, reserved }: Row): BudgetAmounts => ({
  spentMicroUsd: Number(spent),
  reservedMicroUsd: Number(reserved),
});
