// GET /budgets on the admin listener: the use of the present window of each budget, as it was read last (each second), and what is left. Of a
// budget for each key, team or end user it has the windows that most was spent in.

import type { BudgetConfig } from '../../../config/side-schema.ts';
import type { BudgetUse } from '../../../ipc/stored-rows.ts';
import { eachPrefix, eachWindow } from '../../billing/budgets/budget.ts';
import { leftOf } from '../../billing/budgets/budget-state.ts';
import type { Store } from '../../store/contract/store.ts';
import { type RouteHandler, sendJson } from '../handler.ts';
import { isoTime } from '../views.ts';

/** Windows of one budget for each of something. */
const MAX_WINDOWS = 200;

export const getBudgets: RouteHandler = async (request, { store, config, budgetUses }) => {
  const ofEach = await Promise.all(config.budgets.map((budget) => usesOfEach(budget, store)));
  const uses = [...(budgetUses?.() ?? []), ...ofEach.flat()];
  return sendJson(request, 200, { budgets: uses.map(budgetView) });
};

async function usesOfEach(budget: BudgetConfig, store: Pick<Store, 'budgetWindows'>): Promise<readonly BudgetUse[]> {
  const prefix = eachPrefix(budget);
  if (prefix === undefined) return [];
  const now = Date.now();
  return (await store.budgetWindows(prefix, MAX_WINDOWS)).flatMap(({ id, ...amounts }) => {
    const window = eachWindow(budget, id, now);
    if (window?.counted === undefined) return [];
    const { counted, limitMicroUsd, resetsAt } = window;
    return [{ ...counted, limitMicroUsd, resetsAt, ...amounts }];
  });
}

function budgetView({ resetsAt, ...use }: BudgetUse): object {
  return { ...use, leftMicroUsd: leftOf(use), ...(resetsAt !== undefined && { resetsAt: isoTime(resetsAt) }) };
}
