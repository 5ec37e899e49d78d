// Bounds of what an endpoint reports of a call: no request uses more tokens than its bytes hold and its limit allows, whatever a number says. One
// absurd figure would fill everybody's budget.

import type { LlmCall } from '../../../adapters/llm/contract.ts';
import { maxOutputTokens } from '../../../adapters/llm/index.ts';
import type { Usage } from '../../../adapters/realtime/contract.ts';
import type { Prices } from './prices.ts';
import { maxPromptTokens } from './prompt-tokens.ts';

export interface TokenBounds {
  readonly input: number;
  readonly output: number;
}

/** The longest answer of a model that is not known, where the call has no limit. */
const MOST_OUTPUT_TOKENS = 1_000_000;

interface BoundedRequest {
  /** The request as it was sent. */
  readonly body: string;
  readonly call: LlmCall;
  readonly model: string;
  readonly maxTokens: number | undefined;
}

export function boundsOf({ body, call, model, maxTokens }: BoundedRequest): TokenBounds {
  const { tokens, audioTokens } = maxPromptTokens(body, call, model);
  return { input: tokens + audioTokens, output: maxTokens ?? maxOutputTokens(model) ?? MOST_OUTPUT_TOKENS };
}

/** The usage with each count within its bound; the same object where it is. */
export function boundedUsage(usage: Usage, { input, output }: TokenBounds): Usage {
  const bounded = Object.entries(usage).map(([field, amount]) => {
    const most = field === 'totalTokens' ? input + output : field.startsWith('output') ? output : input;
    return [field, typeof amount === 'number' ? Math.min(amount, most) : amount] as const;
  });
  const isWithin = bounded.every(([field, amount]) => amount === usage[field as keyof Usage]);
  return isWithin ? usage : (Object.fromEntries(bounded) as Usage);
}

/** The dearest model of the price list (o1-pro), for one without a price. */
const DEAREST = { input: 150, output: 600 };

/** The most that a request within these bounds costs, whichever of the models served it; micro-USD. */
export function mostMicroUsd(
  prices: Pick<Prices, 'ceiling'>,
  {
    models,
    provider,
    bounds,
  }: { readonly models: readonly string[]; readonly provider: string; readonly bounds: TokenBounds },
): number {
  const ceilings = models.flatMap((model) => prices.ceiling(model, provider) ?? []);
  const costs = (ceilings.length > 0 ? ceilings : [DEAREST]).map(({ input, output, ...more }) => {
    const dearestInput = Math.max(input, 'audioInput' in more ? (more.audioInput ?? 0) : 0);
    return Math.ceil(bounds.input * dearestInput + bounds.output * output);
  });
  return Math.max(...costs);
}
