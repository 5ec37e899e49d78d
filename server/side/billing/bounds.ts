// Bounds of what an endpoint reports of a call: no request uses more tokens than its bytes hold and its limit allows, whatever a number says. One
// absurd figure would fill everybody's budget.

import type { LlmCall } from '../../../adapters/llm/contract.ts';
import { maxOutputTokens } from '../../../adapters/llm/index.ts';
import type { UsageBounds } from '../../session/tap/usage-bounds.ts';
import type { Ceiling } from './price-list.ts';
import type { Prices } from './prices.ts';
import { maxPromptTokens } from './prompt-tokens.ts';

/** The longest answer of a model that is not known, where the call has no limit. */
const MOST_OUTPUT_TOKENS = 1_000_000;

/** The most that is read by tools which whoever serves runs by itself. */
const MOST_INPUT_TOKENS = 10_000_000;

/** Words that the template of a model puts around every dialogue, such as what it is and what day it is. */
const TEMPLATE_TOKENS = 256;

interface BoundedRequest {
  /** The request as it was sent. */
  readonly body: string;
  readonly call: LlmCall;
  readonly model: string;
  readonly maxTokens: number | undefined;
}

export function boundsOf({ body, call, model, maxTokens }: BoundedRequest): UsageBounds {
  const { tokens, audioTokens } = maxPromptTokens(body, call, model);
  return {
    input: call.native?.hostedTools === undefined ? tokens + audioTokens + TEMPLATE_TOKENS : MOST_INPUT_TOKENS,
    output: maxTokens ?? maxOutputTokens(model) ?? MOST_OUTPUT_TOKENS,
  };
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
  }: { readonly models: readonly string[]; readonly provider: string; readonly bounds: UsageBounds },
): number {
  const ceilings = models.flatMap((model) => prices.ceiling(model, provider) ?? []);
  const all: readonly Ceiling[] = ceilings.length > 0 ? ceilings : [DEAREST];
  const costs = all.map(({ input, output, audioInput = input, request = 0 }) =>
    Math.ceil(bounds.input * Math.max(input, audioInput) + bounds.output * output + request * 1000),
  );
  return Math.max(...costs);
}
