// The state of a budget in words: whom it counts, whether it has room, and how a call or a session is told that it has none.
// Rule: it is small and needs nothing else, since gateway processes read it too.

import type { BudgetUse } from '../../../ipc/stored-rows.ts';

interface Counted {
  readonly key: string | undefined;
  readonly promptClass: string;
}

/** Tells whether a budget counts what this key uses in this class. */
export function counts(
  { key, class: name }: { readonly key?: string | undefined; readonly class?: string | undefined },
  used: Counted,
): boolean {
  return (key === undefined || key === used.key) && (name === undefined || name === used.promptClass);
}

/**
 * `spent`: there is no room before the next window. `reserved`: only calls under way are in the way, which give back what they do not need.
 * undefined: there is room for `neededMicroUsd`, at least for one where nothing is said.
 */
export function closedBy(
  {
    limitMicroUsd,
    spentMicroUsd,
    reservedMicroUsd,
  }: Pick<BudgetUse, 'limitMicroUsd' | 'spentMicroUsd' | 'reservedMicroUsd'>,
  neededMicroUsd = 1,
): 'spent' | 'reserved' | undefined {
  if (spentMicroUsd + neededMicroUsd > limitMicroUsd) return 'spent';
  return spentMicroUsd + reservedMicroUsd + neededMicroUsd > limitMicroUsd ? 'reserved' : undefined;
}

/** Pause after which calls under way may have ended. */
export const RESERVED_RETRY_MS = 2000;

/** Names the budget and both its amounts. `need`: what there is no room for, where it has a size. */
export function budgetWords(use: Omit<BudgetUse, 'key' | 'resetsAt'>, need?: number): string {
  const { class: name = '*', window, limitMicroUsd, spentMicroUsd, reservedMicroUsd } = use;
  const left = Math.max(0, limitMicroUsd - spentMicroUsd - reservedMicroUsd);
  const budget = `the budget of ${usd(limitMicroUsd)} USD for class ${name} (window ${window}) has ${usd(left)} USD left`;
  const amounts = `${usd(spentMicroUsd)} are spent and ${usd(reservedMicroUsd)} reserved for calls under way`;
  return need === undefined ? `${budget}: ${amounts}` : `${budget}, the call may cost ${usd(need)}: ${amounts}`;
}

const usd = (micro: number): string => (micro / 1e6).toString();
