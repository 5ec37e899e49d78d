// The budgets that a call must fit into, and its worst case, which is reserved before it is made.

import type { LlmCall } from '../../../../adapters/llm/contract.ts';
import { maxOutputTokens } from '../../../../adapters/llm/index.ts';
import type { BudgetConfig } from '../../../config/side-schema.ts';
import type { BudgetWindow } from '../../store/contract/budgets.ts';
import type { Prices } from '../prices.ts';
import { maxPromptTokens } from '../prompt-tokens.ts';
import { counts } from './budget-state.ts';

/** The windows, in UTC, of the budgets that count a call of this key and class. Every process computes the same ids. */
export function budgetsFor(
  budgets: readonly BudgetConfig[],
  call: { readonly key: string | undefined; readonly promptClass: string },
  now: number,
): BudgetWindow[] {
  return budgets.filter((budget) => counts(budget, call)).map((budget) => windowOf(budget, now));
}

/** The present window of a budget. */
export function windowOf(budget: BudgetConfig, now: number): BudgetWindow {
  const { startsAt, resetsAt } = windowAt(budget.window, now);
  return {
    id: `${budget.key ?? '*'}|${budget.class ?? '*'}|${budget.window}|${startsAt}`,
    limitMicroUsd: Math.round(budget.maxUsd * 1e6),
    resetsAt,
  };
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

interface PricedRequest {
  readonly model: string;
  /** The profile of the LLM gateway. */
  readonly profile: string;
  readonly call: LlmCall;
  /** The request as it is sent. */
  readonly body: string;
}

/** The most that a request can cost, in micro-USD, rounded up; undefined where the price, or the longest answer, is not known. */
export function worstCaseMicroUsd(prices: Prices, { model, profile, call, body }: PricedRequest): number | undefined {
  const ceiling = prices.ceiling(model, profile);
  if (!ceiling) return undefined;
  const { input, output, audioInput = input, request = 0 } = ceiling;
  const { tokens, audioTokens } = maxPromptTokens(body, call, model);
  const answer = call.maxTokens ?? maxOutputTokens(model) ?? (output === 0 ? 0 : undefined);
  const prompt = tokens * input + audioTokens * audioInput + request * 1000;
  return answer === undefined ? undefined : Math.ceil(prompt + answer * output);
}
