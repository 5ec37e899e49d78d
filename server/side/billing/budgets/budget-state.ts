// The state of a budget in words: whom it counts, whether it has room, and how a call or a session is told that it has none.
// Rule: it is small and needs nothing else, since gateway processes read it too.

import type { BudgetCounted, BudgetUse, CallPath } from '../../../ipc/stored-rows.ts';

/** The one who spends: a call, or a session, which is direct. */
export interface Spender {
  readonly key: string | undefined;
  readonly team?: string | undefined;
  readonly endUser?: string | undefined;
  readonly promptClass: string;
  /** The class that was asked for, where another one runs the call. */
  readonly askedClass?: string | undefined;
  readonly path: CallPath;
}

/** Tells whether a budget, or one window of it, counts what is spent here. One for each of something counts only who has it. */
export function counts(counted: Omit<BudgetCounted, 'window'>, spender: Spender): boolean {
  const { each, class: name, path = 'both' } = counted;
  const isOf = (['key', 'team', 'endUser'] as const).every(
    (field) => counted[field] === undefined || counted[field] === spender[field],
  );
  const isIn = name === undefined || name === spender.promptClass || name === spender.askedClass;
  return (
    isOf && isIn && (path === 'both' || path === spender.path) && (each === undefined || spender[each] !== undefined)
  );
}

type Amounts = Pick<BudgetUse, 'limitMicroUsd' | 'spentMicroUsd' | 'reservedMicroUsd'>;

/** The amount that is neither spent nor reserved, in micro-USD. */
export const leftOf = ({ limitMicroUsd, spentMicroUsd, reservedMicroUsd }: Amounts): number =>
  Math.max(0, limitMicroUsd - spentMicroUsd - reservedMicroUsd);

/**
 * `spent`: there is no room before the next window. `reserved`: only calls under way are in the way, which give back what they do not need.
 * undefined: there is room for `neededMicroUsd`, at least for one where nothing is said.
 */
export function closedBy(
  { limitMicroUsd, spentMicroUsd, reservedMicroUsd }: Amounts,
  neededMicroUsd = 1,
): 'spent' | 'reserved' | undefined {
  if (spentMicroUsd + neededMicroUsd > limitMicroUsd) return 'spent';
  return spentMicroUsd + reservedMicroUsd + neededMicroUsd > limitMicroUsd ? 'reserved' : undefined;
}

/** Pause after which calls under way may have ended. */
export const RESERVED_RETRY_MS = 2000;

/** Names the budget and both its amounts. `need`: what there is no room for, where it has a size. */
export function budgetWords(use: Omit<BudgetUse, 'resetsAt'>, need?: number): string {
  const { limitMicroUsd, spentMicroUsd, reservedMicroUsd } = use;
  const budget = `the budget of ${usd(limitMicroUsd)} USD for ${countedWords(use)} has ${usd(leftOf(use))} USD left`;
  const amounts = `${usd(spentMicroUsd)} are spent and ${usd(reservedMicroUsd)} reserved for calls under way`;
  return need === undefined ? `${budget}: ${amounts}` : `${budget}, the call may cost ${usd(need)}: ${amounts}`;
}

/** Words such as `class realtime of team a (window day)`. A key is not named: its client may know another name for it. */
function countedWords({ class: name = '*', path = 'both', window, ...of }: BudgetCounted): string {
  const calls = path === 'both' ? '' : ` on the ${path} path`;
  return `class ${name}${ownerWords(of)}${calls} (window ${window})`;
}

function ownerWords({ team, endUser, each, clientSecret }: Omit<BudgetCounted, 'window'>): string {
  if (team !== undefined) return ` of team ${team}`;
  if (endUser !== undefined || each === 'endUser') return ' of the end user';
  return clientSecret === undefined ? '' : ' of the client secret';
}

const usd = (micro: number): string => (micro / 1e6).toString();
