// Orders targets by what a call may cost there: its prompt at the price for one of that size, and the longest answer that it allows. Rule: a
// target without a price comes last, since nobody knows that it is cheap.

import type { LlmCall } from '../../../../adapters/llm/contract.ts';
import { maxPromptTokens } from '../../billing/prompt-tokens.ts';
import type { Target } from '../targets.ts';
import type { Ordered } from './contract.ts';

/** Length of an answer that has no limit: the same for all, since they are compared alone. */
const ANSWER_TOKENS = 1000;

type Priceable = Pick<Target, 'model' | 'pricedAs' | 'prices' | 'profile' | 'isRehearsal'>;

/** Targets that cost the same stay as they are. */
export function cheapestFirst<T extends Priceable>(targets: readonly T[], call: LlmCall): Ordered<T> {
  const body = JSON.stringify([call.messages, call.extra, call.schema]);
  const outputTokens = call.maxTokens ?? ANSWER_TOKENS;
  // Text counts the same for all models, and a long one takes milliseconds.
  const hasParts = call.messages.some(({ content }) => Array.isArray(content));
  const ofText = hasParts ? undefined : maxPromptTokens(body, call, '');
  const costOf = ({ model, pricedAs, profile, prices, isRehearsal }: Priceable): number => {
    if (isRehearsal) return 0;
    const { tokens, audioTokens } = ofText ?? maxPromptTokens(body, call, model);
    const audio = audioTokens === 0 ? {} : { inputAudioTokens: audioTokens };
    const usage = { inputTokens: tokens + audioTokens, ...audio, outputTokens };
    return prices.estimate(pricedAs, profile.name, usage) ?? Number.POSITIVE_INFINITY;
  };
  const priced = targets.map((target) => ({ target, microUsd: costOf(target) }));
  priced.sort((one, other) => compared(one.microUsd, other.microUsd));
  const least = priced[0]?.microUsd ?? Number.POSITIVE_INFINITY;
  const usd = (least / 1e6).toFixed(6).replace(/\.?0+$/, '');
  const most = call.maxTokens === undefined ? 'about' : 'up to';
  return {
    targets: priced.map(({ target }) => target),
    why: least < Number.POSITIVE_INFINITY ? `cheapest of ${targets.length}: ${most} ${usd} USD` : undefined,
  };
}

/** Two that are unknown are the same: the difference of infinities is no number. */
const compared = (one: number, other: number): number => (one === other ? 0 : one - other);
