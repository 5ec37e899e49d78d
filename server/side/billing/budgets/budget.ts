// The budgets that a call must fit into.

import type { BudgetConfig } from '../../../config/side-schema.ts';
import type { BudgetCounted } from '../../../ipc/stored-rows.ts';
import type { BudgetWindow } from '../../store/contract/budgets.ts';
import { counts, type Spender } from './budget-state.ts';

/** The windows, in UTC, of the budgets that count what is spent here. Every process computes the same ids. */
export const budgetsFor = (budgets: readonly BudgetConfig[], spender: Spender, now: number): BudgetWindow[] =>
  lowest(budgets.filter((budget) => counts(budget, spender)).map((budget) => windowOf(budget, now, spender)));

/** Leaves one window of those that count the same: the lowest holds. */
export function lowest(windows: readonly BudgetWindow[]): BudgetWindow[] {
  const byId = new Map<string, BudgetWindow>();
  for (const window of windows) {
    const known = byId.get(window.id);
    if (known === undefined || known.limitMicroUsd > window.limitMicroUsd) byId.set(window.id, window);
  }
  return [...byId.values()];
}

/** Time after which the row of a secret that expired may go: no session lasts longer. */
const SECRET_KEPT_MS = 48 * 60 * 60 * 1000;

/** The window of what a client secret may cost, in all of its sessions and calls. */
export const windowOfSecret = (id: string, limitMicroUsd: number, expiresAt: number): BudgetWindow => ({
  ...{ id: `secret|${id}`, limitMicroUsd, resetsAt: expiresAt + SECRET_KEPT_MS },
  counted: { clientSecret: id, window: 'total' },
});

/** The present window of a budget; of one for each of something, that of the spender. */
export function windowOf(budget: BudgetConfig, now: number, spender?: Spender): BudgetWindow {
  const { maxUsd, each, ...of } = budget;
  const { startsAt, resetsAt } = windowAt(budget.window, now);
  const counted: BudgetCounted = each === undefined ? of : { ...of, each, [each]: spender?.[each] };
  return { id: idOf(counted, startsAt), limitMicroUsd: Math.round(maxUsd * 1e6), resetsAt, counted };
}

/** The beginning of the ids of all windows of a budget for each of something; undefined for any other budget. */
export function eachPrefix({ each }: BudgetConfig): string | undefined {
  return each && `["${each}",`;
}

/** The present window of a budget for each of something, by its id; undefined where that is another one's, or of another time. */
export function eachWindow(budget: BudgetConfig, id: string, now: number): BudgetWindow | undefined {
  const [, key, team, endUser] = JSON.parse(id) as readonly (string | null)[];
  const whose = { key: key ?? undefined, team: team ?? undefined, endUser: endUser ?? undefined };
  const window = windowOf(budget, now, { ...whose, promptClass: '', path: 'direct' });
  return window.id === id ? window : undefined;
}

/** `<key>|<class>|<window>|<start>`, `*` for any; all else as a list in JSON, so that no text is taken for another one. */
function idOf(
  { key, team, endUser, each, class: name, path = 'both', window }: BudgetCounted,
  startsAt: number,
): string {
  const isPlain = team === undefined && endUser === undefined && each === undefined && path === 'both';
  if (isPlain && key !== '*' && !key?.includes('|')) return `${key ?? '*'}|${name ?? '*'}|${window}|${startsAt}`;
  return JSON.stringify([
    each ?? null,
    key ?? null,
    team ?? null,
    endUser ?? null,
    name ?? null,
    path,
    window,
    startsAt,
  ]);
}

const LENGTHS_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** Beginning and end of the window that holds this moment; `total` never ends. */
function windowAt(window: BudgetConfig['window'], now: number): { startsAt: number; resetsAt: number | undefined } {
  if (window === 'total') return { startsAt: 0, resetsAt: undefined };
  if (window === 'month') {
    const at = new Date(now);
    const monthFrom = (months: number) => Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months, 1);
    return { startsAt: monthFrom(0), resetsAt: monthFrom(1) };
  }
  const length = LENGTHS_MS[window];
  const startsAt = Math.floor(now / length) * length;
  return { startsAt, resetsAt: startsAt + length };
}
