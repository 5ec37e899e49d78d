// Holds reported usage within what can have been used: one absurd number would fill everybody's budget.

import type { Usage } from '../../../adapters/realtime/contract/observation.ts';

/** The most that one report can count: tokens, and seconds where they are bounded. */
export interface UsageBounds {
  readonly input: number;
  readonly output: number;
  readonly seconds?: number;
}

/** The most of one report: no answer is made of more searches, and no session of more characters or messages. */
const MOST = new Map([
  ['webSearches', 100],
  ['characters', 10_000_000],
  ['messages', 100_000],
]);

/** The usage with each count within its bound; the same object where it is, and nothing is wrong with it. */
export function boundedUsage(usage: Usage, bounds: UsageBounds): Usage {
  const { isFaulty, ...counts } = usage;
  const bounded = Object.entries(counts).map(([field, amount]) => {
    return [field, typeof amount === 'number' ? Math.min(amount, mostOf(field, bounds)) : amount] as const;
  });
  const isWithin = bounded.every(([field, amount]) => amount === usage[field as keyof Usage]);
  return isWithin && isFaulty !== true ? usage : (Object.fromEntries(bounded) as Usage);
}

function mostOf(field: string, { input, output, seconds = Number.POSITIVE_INFINITY }: UsageBounds): number {
  if (field === 'totalTokens') return input + output;
  if (/seconds$/i.test(field)) return seconds;
  return MOST.get(field) ?? (field.startsWith('output') ? output : input);
}
