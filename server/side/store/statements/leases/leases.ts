// Leases on budgets: amounts that a process holds, and that count as reserved until it spends or returns them. One whose process is gone counts as
// spent, until somebody knows better. Every transaction locks ledger rows, then leases, then budgets.

import type { BudgetLeases, LeasedCall } from '../../contract/budgets.ts';
import type { Database, Query, Row } from '../../database.ts';
import { type Charge, charge } from '../budgets.ts';

/** Part of what is left that one lease may take: near the limit there are none, and each call reserves in the store. */
const LARGEST_PART = 1 / 8;

type TakeOptions = Parameters<BudgetLeases['takeLease']>[0];

/** Returns what was granted: as much as is wished, a part of what is left, or nothing. */
export function takeLease(database: Database, options: TakeOptions): Promise<number> {
  const { holder, budget, wishMicroUsd, leastMicroUsd, now, until } = options;
  return database.transaction(async (query) => {
    const [lease] = await query(
      `insert into budget_lease (holder, budget, amount, held_until, is_lost) values ($1, $2, 0, $3, 0)
       on conflict (holder, budget) do update set held_until = excluded.held_until,
         is_lost = case when budget_lease.amount = 0 then 0 else budget_lease.is_lost end
       returning is_lost`,
      [holder, budget.id, until],
    );
    if (lease?.is_lost !== 0) return 0;
    const [use] = await query(
      `insert into budget (id, spent, reserved, resets_at) values ($1, 0, 0, $2)
       on conflict (id) do update set reserved = budget.reserved returning spent, reserved, wanted_until`,
      [budget.id, budget.resetsAt ?? null],
    );
    if (Number(use?.wanted_until ?? 0) > now) return 0;
    const left = Math.floor(budget.limitMicroUsd) - Number(use?.spent) - Number(use?.reserved);
    const granted = Math.min(wishMicroUsd, Math.floor(left * LARGEST_PART));
    if (granted < leastMicroUsd) return 0;
    await query(SPEND, [holder, budget.id, -granted]);
    await charge(query, [{ id: budget.id, spentMicroUsd: 0, reservedMicroUsd: granted }]);
    return granted;
  }, 'relaxed');
}

/** Extends leases that end before `renewBefore`. Says which are still held, and which of their budgets somebody else needs. */
export function holdLeases(
  { transaction }: Database,
  { holder, now, until, renewBefore }: Parameters<BudgetLeases['holdLeases']>[0],
): ReturnType<BudgetLeases['holdLeases']> {
  return transaction(async (query) => {
    const extend = 'update budget_lease set held_until = $2 where holder = $1 and is_lost = 0 and held_until < $3';
    await query(extend, [holder, until, renewBefore]);
    const rows = await query(
      `select budget, (select wanted_until from budget where id = budget_lease.budget) as wanted_until
       from budget_lease where holder = $1 and is_lost = 0`,
      [holder],
    );
    const idsOf = (some: readonly Row[]) => some.map(({ budget }) => budget as string);
    return { held: idsOf(rows), wanted: idsOf(rows.filter((row) => Number(row.wanted_until ?? 0) > now)) };
  }, 'relaxed');
}

/** Gives amounts back, also of a lease that was taken for lost, and no more than it has: a charge may have taken the rest out of it. */
export async function returnLease(
  { transaction }: Database,
  holder: string,
  returned: Readonly<Record<string, number>>,
): Promise<void> {
  await transaction(async (query) => {
    const charges: Charge[] = [];
    for (const [id, amount] of Object.entries(returned).sort(byName)) {
      const [lease] = await query(SPEND, [holder, id, amount]);
      if (lease === undefined) continue;
      const beyond = Math.min(amount, Math.max(0, -Number(lease.amount)));
      if (beyond > 0) await query(SPEND, [holder, id, -beyond]);
      charges.push(chargeOf(id, { lease, amount: beyond - amount }));
    }
    await charge(query, charges);
  }, 'relaxed');
}

const SPEND =
  'update budget_lease set amount = amount - $3 where holder = $1 and budget = $2 returning amount, is_lost';

const byName = ([a]: readonly [string, number], [b]: readonly [string, number]): number => (a < b ? -1 : Number(a > b));

/** The amount of a lost lease counts as spent, that of any other as reserved. */
const chargeOf = (id: string, { lease, amount }: { readonly lease: Row; readonly amount: number }): Charge => ({
  id,
  spentMicroUsd: lease.is_lost === 1 ? amount : 0,
  reservedMicroUsd: lease.is_lost === 1 ? 0 : amount,
});

/** Moves what calls have reserved from the leases of their process to their own rows. Returns what that changes in the budgets. */
export async function spendLeases(
  query: Query,
  holder: string,
  calls: readonly LeasedCall[],
): Promise<readonly Charge[]> {
  const sums = new Map<string, number>();
  for (const { budgets, reservedMicroUsd } of calls)
    for (const id of budgets) sums.set(id, (sums.get(id) ?? 0) + reservedMicroUsd);
  const charges: Charge[] = [];
  for (const [id, amount] of [...sums].sort(byName)) {
    const [lease] = await query(SPEND, [holder, id, amount]);
    // Without a lease nobody has counted it yet.
    charges.push({ id, spentMicroUsd: 0, reservedMicroUsd: amount });
    if (lease !== undefined) charges.push(chargeOf(id, { lease, amount: -amount }));
  }
  return charges;
}

/** Counts leases as spent whose process was not heard of for too long. */
export async function loseLeases(query: Query, now: number, skipLocked: string): Promise<void> {
  const rows = await query(
    `update budget_lease set is_lost = 1 where (holder, budget) in
       (select holder, budget from budget_lease where is_lost = 0 and held_until < $1 order by holder, budget ${skipLocked})
     returning budget, amount`,
    [now],
  );
  const charges = rows.map(({ budget, amount }) => ({
    id: budget as string,
    spentMicroUsd: Number(amount),
    reservedMicroUsd: -Number(amount),
  }));
  await charge(query, charges);
}

/** Gives back what a process held that is gone, where its calls are all stored. */
export async function endLeases(query: Query, holder: string): Promise<void> {
  const ended = await query('delete from budget_lease where holder = $1 returning budget, amount, is_lost', [holder]);
  await charge(
    query,
    ended.map((lease) => chargeOf(lease.budget as string, { lease, amount: -Number(lease.amount) })),
  );
}
