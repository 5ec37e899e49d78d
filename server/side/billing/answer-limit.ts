// The limit of tokens for an answer to a call that has none. Rule: nobody gets a limit that nobody asked for, unless a budget, a ceiling or
// the API needs one.

import { maxOutputTokens, UNKNOWN_OUTPUT_TOKENS } from '../../../adapters/llm/index.ts';
import type { Ceiling } from './price-list.ts';

/** An answer of fewer tokens is hardly one: the call is refused instead. */
const LEAST_ANSWER_TOKENS = 256;

interface LimitNeeds {
  readonly model: string;
  /** Money bounds the call: a budget, or `maxUsdPerCall`. */
  readonly isBounded: boolean;
  /** The API takes no call without a limit. */
  readonly isDemanded: boolean;
  /** undefined: not known, or nothing is paid. */
  readonly ceiling: Pick<Ceiling, 'output'> | undefined;
}

/** The model's own maximum, where a limit is needed; undefined where none is. */
export function answerLimit({ model, isBounded, isDemanded, ceiling }: LimitNeeds): number | undefined {
  const isPriced = isBounded && ceiling !== undefined && ceiling.output > 0;
  return isPriced || isDemanded ? (maxOutputTokens(model) ?? UNKNOWN_OUTPUT_TOKENS) : undefined;
}

interface Affordable {
  readonly maxTokens: number;
  /** Cost of the call at this limit, and what there is for it. */
  readonly worstMicroUsd: number;
  readonly leftMicroUsd: number;
  readonly ceiling: Pick<Ceiling, 'output'>;
}

/** The tokens that what is left pays for beside the prompt, but at least `LEAST_ANSWER_TOKENS`, with which the call is then refused. */
export function affordableLimit({ maxTokens, worstMicroUsd, leftMicroUsd, ceiling }: Affordable): number {
  if (worstMicroUsd <= leftMicroUsd) return maxTokens;
  const missing = Math.ceil((worstMicroUsd - leftMicroUsd) / ceiling.output);
  return Math.min(maxTokens, Math.max(LEAST_ANSWER_TOKENS, maxTokens - missing));
}

/** Half of the tokens that the rest of a budget pays for, so that calls at the same time find room, but at least `LEAST_ANSWER_TOKENS`. */
export function sharedLimit(affordable: Affordable): number {
  return Math.max(LEAST_ANSWER_TOKENS, Math.ceil(affordableLimit(affordable) / 2));
}
