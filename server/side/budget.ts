// Which budgets a call must fit into, and the most that it can cost: what is reserved before it is made.

import type { LlmCall } from '../../adapters/llm/llm.ts';
import type { Prices } from './prices.ts';
import type { BudgetConfig } from './side-schema.ts';
import type { BudgetWindow } from './store/store.ts';

/** The windows, in UTC, of the budgets that count a call of this key and class; the same ids in every process. */
export function budgetsFor(
  budgets: readonly BudgetConfig[],
  call: { readonly key: string | undefined; readonly promptClass: string },
  now: number,
): BudgetWindow[] {
  return budgets
    .filter(
      ({ key, class: name }) =>
        (key === undefined || key === call.key) && (name === undefined || name === call.promptClass),
    )
    .map((budget) => {
      const { startsAt, resetsAt } = windowAt(budget.window, now);
      return {
        id: `${budget.key ?? '*'}|${budget.class ?? '*'}|${budget.window}|${startsAt}`,
        limitMicroUsd: Math.round(budget.maxUsd * 1e6),
        resetsAt,
      };
    });
}

const LENGTHS_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** When the window that holds this moment began and ends; `total` never ends. */
export function windowAt(
  window: BudgetConfig['window'],
  now: number,
): { startsAt: number; resetsAt: number | undefined } {
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

/** What an image or a file behind a URL may count for: its length says nothing. */
export const TOKENS_OF_REMOTE_PART = 4096;

/**
 * At most so many tokens. Tokenizers of today make one of 3 to 5 bytes of prose in any script, of 2.5 of dense code, digits or base64; the
 * request also holds JSON around the text, which the model never sees. So half its bytes is more than it counts in practice.
 */
export function mostPromptTokens(bodyBytes: number, { messages }: Pick<LlmCall, 'messages'>): number {
  return Math.ceil(bodyBytes / 2) + remoteParts(messages) * TOKENS_OF_REMOTE_PART;
}

function remoteParts(messages: LlmCall['messages']): number {
  let count = 0;
  for (const { content } of messages) {
    if (Array.isArray(content)) count += content.filter((part) => part?.type !== 'text').length;
  }
  return count;
}

export interface Sized {
  readonly model: string;
  /** The profile of the LLM gateway. */
  readonly profile: string;
  readonly call: LlmCall;
  /** Of the request as it is sent. */
  readonly bodyBytes: number;
}

/** Micro-USD, rounded up; undefined where the price is not known. */
export function worstCase(prices: Prices, { model, profile, call, bodyBytes }: Sized): number | undefined {
  const ceiling = prices.ceiling(model, profile);
  if (!ceiling) return undefined;
  return Math.ceil(mostPromptTokens(bodyBytes, call) * ceiling.input + call.maxTokens * ceiling.output);
}
