// Slices of budgets that live sessions hold: leases under the name of the session. What is charged for it is taken out of them; at its end the
// rest goes back, or counts as spent where nobody knows what became of it. Leases are locked before budgets.

import { type BudgetWindow, holderOf, type SessionSlices, type SliceAnswer } from '../../contract/budgets.ts';
import type { Database, Query, Row } from '../../database.ts';
import { byId, queryForIds } from '../../row-mapping.ts';
import { type Charge, charge, OF_A_PROCESS } from '../budgets.ts';

type Wish = Parameters<SessionSlices['takeSlice']>[0];

/** Time for which a budget that had nothing left for a session is leased to no process. */
const WANTED_MS = 10_000;

/** Takes the same from all budgets: what is wished, or what the one with the least has left. */
export function takeSlice(
  database: Database,
  { session, budgets, wishMicroUsd, now, until }: Wish,
): Promise<SliceAnswer> {
  const holder = holderOf(session);
  const inOrder = [...budgets].sort(byId);
  return database.transaction(async (query) => {
    const charges: Charge[] = [];
    for (const { id } of inOrder) charges.push(...(await hold(query, holder, { id, until })));
    await charge(query, charges);
    const uses = [];
    for (const budget of inOrder) uses.push({ budget, ...(await useOf(query, budget)) });
    const least = uses.reduce((a, b) => (b.leftMicroUsd < a.leftMicroUsd ? b : a));
    const granted = Math.min(Math.ceil(wishMicroUsd), least.leftMicroUsd);
    if (granted < 1)
      return { grantedMicroUsd: 0, short: { ...least, isLeased: await want(query, least.budget.id, now) } };
    for (const { id } of inOrder) await query(ADD, [holder, id, granted]);
    await charge(
      query,
      inOrder.map(({ id }) => ({ id, spentMicroUsd: 0, reservedMicroUsd: granted })),
    );
    return { grantedMicroUsd: granted };
  }, 'relaxed');
}

const ADD = 'update budget_lease set amount = amount + $3 where holder = $1 and budget = $2';

/** Makes the lease, or extends it. One that was taken for lost is held again: its session lives. */
async function hold(
  query: Query,
  holder: string,
  { id, until }: { readonly id: string; readonly until: number },
): Promise<readonly Charge[]> {
  const [lease] = await query(
    `insert into budget_lease (holder, budget, amount, held_until, is_lost) values ($1, $2, 0, $3, 0)
     on conflict (holder, budget) do update set held_until = excluded.held_until returning amount, is_lost`,
    [holder, id, until],
  );
  return lease?.is_lost === 1 ? [await holdAgain(query, holder, id)] : [];
}

async function holdAgain(query: Query, holder: string, id: string): Promise<Charge> {
  const sql = 'update budget_lease set is_lost = 0 where holder = $1 and budget = $2 and is_lost = 1 returning amount';
  const [lease] = await query(sql, [holder, id]);
  const amount = Number(lease?.amount ?? 0);
  return { id, spentMicroUsd: -amount, reservedMicroUsd: amount };
}

/** Locks the budget. */
async function useOf(query: Query, { id, limitMicroUsd, resetsAt }: BudgetWindow) {
  const [use] = await query(
    `insert into budget (id, spent, reserved, resets_at) values ($1, 0, 0, $2)
     on conflict (id) do update set reserved = budget.reserved returning spent, reserved`,
    [id, resetsAt ?? null],
  );
  const [spentMicroUsd, reservedMicroUsd] = [Number(use?.spent), Number(use?.reserved)];
  const leftMicroUsd = Math.max(0, Math.floor(limitMicroUsd) - spentMicroUsd - reservedMicroUsd);
  return { spentMicroUsd, reservedMicroUsd, leftMicroUsd };
}

/** Asks the processes that lease it for calls to return what they do not need. False where none does. */
async function want(query: Query, budget: string, now: number): Promise<boolean> {
  const sql = `select 1 from budget_lease where budget = $1 and is_lost = 0 and amount > 0 and ${OF_A_PROCESS} limit 1`;
  if ((await query(sql, [budget])).length === 0) return false;
  await query('update budget set wanted_until = $2 where id = $1', [budget, now + WANTED_MS]);
  return true;
}

/** Extends what sessions hold. */
export function holdSlices(
  { transaction }: Database,
  { sessions, until }: Parameters<SessionSlices['holdSlices']>[0],
): Promise<void> {
  return transaction(async (query) => {
    const sql = 'update budget_lease set held_until = $1 where holder in (:ids) returning holder, budget, is_lost';
    const held = await queryForIds(query, sessions.map(holderOf), sql, [until]);
    const charges: Charge[] = [];
    for (const { holder, budget, is_lost } of held)
      if (is_lost === 1) charges.push(await holdAgain(query, holder as string, budget as string));
    await charge(query, charges);
  }, 'relaxed');
}

/** Growth of a session's cost, and the budgets that it is charged in. */
interface Growth {
  readonly session: string;
  readonly budgets: readonly { readonly id: string }[];
  readonly spentMicroUsd: number;
}

/** Takes what is charged out of the slices of its session. Returns what that changes in the budgets. */
export async function shrinkSlices(query: Query, growths: readonly Growth[]): Promise<readonly Charge[]> {
  const grown = growths.filter(({ spentMicroUsd }) => spentMicroUsd > 0);
  // The update changes nothing, and locks the leases.
  const lock =
    'update budget_lease set amount = amount where holder in (:ids) returning holder, budget, amount, is_lost';
  const leases = await queryForIds(
    query,
    grown.map(({ session }) => holderOf(session)),
    lock,
  );
  const charges: Charge[] = [];
  for (const lease of leases) {
    const growth = grown.find(({ session }) => holderOf(session) === lease.holder);
    const spentMicroUsd = growth?.spentMicroUsd ?? 0;
    // A client secret counts its sessions in a budget that no configuration names.
    const isOfSecret = String(lease.budget).startsWith('secret|');
    const isCharged = isOfSecret || growth?.budgets.some(({ id }) => id === lease.budget);
    const amount = isCharged ? Math.min(Number(lease.amount), Math.ceil(spentMicroUsd)) : 0;
    if (isOfSecret) charges.push({ id: lease.budget as string, spentMicroUsd, reservedMicroUsd: 0 });
    if (amount === 0) continue;
    await query(ADD, [lease.holder as string, lease.budget as string, -amount]);
    charges.push(chargeOf(lease, -amount));
  }
  return charges;
}

/** Ends the slices of a session: the rest goes back. `isSpent`: it counts as spent, and is added to the session's row of the ledger. */
export async function endSlices(query: Query, session: string, isSpent: boolean): Promise<readonly Charge[]> {
  const sql = 'delete from budget_lease where holder = $1 returning budget, amount, is_lost';
  const leases = await query(sql, [holderOf(session)]);
  if (!isSpent) return leases.map((lease) => chargeOf(lease, -Number(lease.amount)));
  const most = Math.max(0, ...leases.map(({ amount }) => Number(amount)));
  if (most > 0)
    await query(
      `update ledger set cost_micro_usd = coalesce(cost_micro_usd, 0) + $2, estimated_micro_usd = coalesce(cost_micro_usd, 0) + $2,
         cost_source = 'estimated', is_flagged = 1, flags = '["unreported"]' where id = $1`,
      [session, most],
    );
  return leases.map((lease) => ({
    id: lease.budget as string,
    spentMicroUsd: lease.is_lost === 1 ? 0 : Number(lease.amount),
    reservedMicroUsd: lease.is_lost === 1 ? 0 : -Number(lease.amount),
  }));
}

/** The amount of a lost lease counts as spent, that of any other as reserved. */
const chargeOf = ({ budget, is_lost }: Row, amount: number): Charge => ({
  id: budget as string,
  spentMicroUsd: is_lost === 1 ? amount : 0,
  reservedMicroUsd: is_lost === 1 ? 0 : amount,
});
