// GET /budgets on the admin listener: the use of the present window of each budget, as it was read last (each second), and what is left.

import type { BudgetUse } from '../../../ipc/stored-rows.ts';
import { type RouteHandler, sendJson } from '../handler.ts';
import { isoTime } from '../views.ts';

export const getBudgets: RouteHandler = (request, { budgetUses }) =>
  sendJson(request, 200, { budgets: (budgetUses?.() ?? []).map(budgetView) });

function budgetView({ resetsAt, ...use }: BudgetUse): object {
  const { limitMicroUsd, spentMicroUsd, reservedMicroUsd } = use;
  const leftMicroUsd = Math.max(0, limitMicroUsd - spentMicroUsd - reservedMicroUsd);
  return { ...use, leftMicroUsd, ...(resetsAt !== undefined && { resetsAt: isoTime(resetsAt) }) };
}
