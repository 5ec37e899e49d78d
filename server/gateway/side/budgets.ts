// The budgets without room, as the side process told last. A session is refused by them before its provider is dialled, and waits for nothing.
// Rule: what is spent stays spent until its window ends, also while the side process is away; a reservation is believed for a while only.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import type { BudgetUse } from '../../ipc/stored-rows.ts';
import {
  budgetWords,
  closedBy,
  counts,
  RESERVED_RETRY_MS,
  type Spender,
} from '../../side/billing/budgets/budget-state.ts';
import type { Admission } from '../admission/admission.ts';

/** Several times as long as the side process takes to say again that reservations are in the way. */
const BELIEVED_MS = 10_000;

export class ClosedBudgets {
  /** By the key that each counts; undefined: it counts others too. There may be as many as keys. */
  #closed: ReadonlyMap<string | undefined, readonly BudgetUse[]> = new Map();
  #toldAt = 0;

  /** Takes the whole list, in place of the one before. */
  use(closed: readonly BudgetUse[], now = Date.now()): void {
    this.#closed = Map.groupBy(closed, ({ key }) => key);
    this.#toldAt = now;
  }

  /** Returns why a session may not open, as a call would be told; undefined: its budgets have room. A rehearsal is in no budget. */
  refusal(admission: Spending & Pick<Admission, 'isRehearsal'>, now = Date.now()): Refusal | undefined {
    if (this.#closed.size === 0 || admission.isRehearsal) return undefined;
    const spender = spenderOf(admission);
    const ofKey = spender.key === undefined ? [] : (this.#closed.get(spender.key) ?? []);
    const own = [...(this.#closed.get(undefined) ?? []), ...ofKey].filter(
      (use) => counts(use, spender) && (use.resetsAt === undefined || use.resetsAt > now),
    );
    const spent = own.filter((use) => closedBy(use) === 'spent');
    if (spent.length > 0) return budgetExceeded(spent.reduce(later), now);
    const reserved = now - this.#toldAt < BELIEVED_MS ? own[0] : undefined;
    return reserved && budgetReserved(reserved);
  }
}

/** The one that has room last decides when it is of use to try again. */
const later = (one: BudgetUse, other: BudgetUse): BudgetUse =>
  (other.resetsAt ?? Number.POSITIVE_INFINITY) > (one.resetsAt ?? Number.POSITIVE_INFINITY) ? other : one;

function budgetExceeded(use: BudgetUse, now: number): Refusal {
  const { resetsAt } = use;
  const words = budgetWords(use);
  if (resetsAt === undefined) return { status: 402, code: 'budget_exceeded', message: words };
  const message = `${words}; there is room again at ${new Date(resetsAt).toISOString()}`;
  return { status: 429, code: 'budget_exceeded', message, resetsAt, retryAfterS: Math.ceil((resetsAt - now) / 1000) };
}

const budgetReserved = (use: BudgetUse): Refusal => ({
  status: 429,
  code: 'budget_reserved',
  message: budgetWords(use),
  retryAfterS: RESERVED_RETRY_MS / 1000,
});

/** Refuses a session that this budget has nothing left for. */
export const refusalOfBudget = (use: BudgetUse, now: number): Refusal =>
  closedBy(use) === 'spent' ? budgetExceeded(use, now) : budgetReserved(use);

type Spending = Pick<Admission, 'key' | 'promptClass'> & Partial<Pick<Admission, 'secret'>>;

/** A session as its budgets see it. */
export function spenderOf({ key, secret, promptClass }: Spending): Spender {
  const { endUser = key?.endUser } = secret?.settings ?? {};
  return { key: key?.id, team: key?.team, endUser, promptClass, path: 'direct' };
}
