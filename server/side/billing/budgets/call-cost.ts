// The most that a request can cost, which is what a budget has to have left for it.

import type { LlmCall } from '../../../../adapters/llm/contract.ts';
import { maxOutputTokens } from '../../../../adapters/llm/index.ts';
import type { Prices } from '../prices.ts';
import { maxPromptTokens } from '../prompt-tokens.ts';

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
