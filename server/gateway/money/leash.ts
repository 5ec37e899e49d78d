// Finds out what a session may cost before its provider is dialled: by its key, its class, its client secret and its budgets.

import { basesOf } from '../../../adapters/realtime/index.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { aheadOf, hasPrice, type Leash } from '../../session/meter/meter.ts';
import { budgetsFor, windowOfSecret } from '../../side/billing/budgets/budget.ts';
import { budgetsAround } from '../../side/billing/budgets/own-budgets.ts';
import type { BudgetWindow } from '../../side/store/contract/budgets.ts';
import type { Admission } from '../admission/admission.ts';
import { spenderOf } from '../side/budgets.ts';
import { SessionFunds, type SliceStore } from './funds.ts';
import type { SessionPrices } from './prices.ts';

/** The limits of a session that is about to open. */
export interface OpeningLeash extends Leash {
  readonly funds: SessionFunds | undefined;
  /** Takes the first slice of its budgets. Returns why the session may not open. */
  open(): Promise<Refusal | undefined> | undefined;
}

interface LeashMeans {
  readonly prices: SessionPrices;
  /** Undefined where there is no store: nothing is in a budget then. */
  readonly slices: SliceStore | undefined;
  readonly onFunds: (funds: SessionFunds) => void;
  readonly onClosed: (funds: SessionFunds) => void;
}

/** Returns undefined where no limit of money applies, and a Refusal where the model has no price that it could be counted by. */
export function leashOf(admission: Admission, means: LeashMeans): Promise<OpeningLeash | Refusal> | undefined {
  const isInBudgets = means.slices !== undefined && windowsOf(admission, Date.now()).length > 0;
  return admission.maxMicroUsd === undefined && !isInBudgets ? undefined : leash(admission, means, isInBudgets);
}

async function leash(admission: Admission, means: LeashMeans, isInBudgets: boolean): Promise<OpeningLeash | Refusal> {
  const { maxMicroUsd, model, provider, endpoint, promptClass, policy } = admission;
  const { classes } = policy.config;
  const prices = await means.prices.of(policy.config);
  const costOf: Leash['costOf'] = (name, usage) => prices.estimateSum(name, provider.name, usage);
  const allowsUnknown = classes[promptClass]?.unknownPrice === 'allow';
  const billedBy = basesOf(provider, endpoint);
  if (model !== undefined && !allowsUnknown && !hasPrice(model, billedBy, costOf)) return priceUnknown(model);
  const funds = isInBudgets && means.slices !== undefined ? fundsOf(admission, means.slices, means) : undefined;
  const open = () => {
    // One that finds no place does not come so far, and nobody would let it go.
    if (funds !== undefined) means.onFunds(funds);
    return funds?.open(aheadOf(costOf, { billedBy, dialect: endpoint.dialect, model }));
  };
  return { costOf, allowsUnknown, maxMicroUsd, funds, open };
}

function fundsOf(admission: Admission, store: SliceStore, { onClosed }: LeashMeans): SessionFunds {
  const { sessionId: session, policy } = admission;
  const { whenBudgetUnavailable: whenUnavailable } = policy.config.side;
  const windows = (now: number) => windowsOf(admission, now);
  return new SessionFunds({ session, windows, store, whenUnavailable, onClosed });
}

/** The present windows of all budgets that count the session, that of its client secret included. A rehearsal is in none. */
function windowsOf(admission: Admission, now: number): readonly BudgetWindow[] {
  const { policy, secret, isRehearsal } = admission;
  if (isRehearsal) return [];
  const windows = budgetsFor(budgetsAround(admission.key, policy.config), spenderOf(admission), now);
  const maxUsd = secret?.settings.maxUsd;
  if (secret === undefined || maxUsd === undefined) return windows;
  return [...windows, windowOfSecret(secret.id, Math.round(maxUsd * 1e6), secret.expiresAt)];
}

const priceUnknown = (model: string): Refusal => ({
  status: 403,
  code: 'price_unknown',
  message: `the price of ${model} is not known, and a limit of money applies (prices, or unknownPrice: allow, would help)`,
});
