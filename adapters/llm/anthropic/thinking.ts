// Extended thinking of Anthropic's models, for calls that ask for reasoning with an effort in OpenAI's words.
// https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking, https://docs.anthropic.com/en/docs/build-with-claude/adaptive-thinking

import { type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import { detailsOf } from '../chat/reasoning.ts';
import type { LlmCall } from '../contract.ts';
import { blockOfDetail } from './answer.ts';

/** Models that decide themselves how much they think, by an effort: 4.6 and later. */
const ADAPTIVE = /^claude-(?:opus|sonnet|haiku)-(?:4-(?:[6-9]|\d\d)(?!\d)|[5-9])/;
/** Models that think within a budget of tokens. */
const BUDGETED = /^claude-(?:3-7|(?:opus|sonnet|haiku)-4)/;

/** Part of the answer's tokens that may be thought, by effort. */
const SHARES: Readonly<Record<string, number>> = { minimal: 0.1, low: 0.2, medium: 0.5 };
const MOST_SHARE = 0.8;
const EFFORTS: Readonly<Record<string, string>> = { minimal: 'low', low: 'low', medium: 'medium' };
/** The least budget that the API takes, and the most that is of use without batches. */
const [LEAST, MOST] = [1024, 32_000];

/** The fields that make the model think; undefined where the call does not ask for it, or cannot have it. */
export function anthropicThinking(call: LlmCall, model: string): JsonObject | undefined {
  const { native, temperature, maxTokens = 0, extra } = call;
  const effort = extra.reasoning_effort;
  if (native === undefined || typeof effort !== 'string' || effort === 'none') return undefined;
  // Sampling has no settings beside thinking.
  if (temperature !== undefined || extra.top_p !== undefined || !canGoOn(call)) return undefined;
  if (ADAPTIVE.test(model)) {
    // Later models leave the text out unless it is asked for.
    const display = objectAt(native.body, 'reasoning')?.summary ? { display: 'summarized' } : {};
    return { thinking: { type: 'adaptive', ...display }, output_config: { effort: EFFORTS[effort] ?? 'high' } };
  }
  const budget = Math.max(LEAST, Math.min(MOST, Math.floor(maxTokens * (SHARES[effort] ?? MOST_SHARE))));
  return BUDGETED.test(model) && budget < maxTokens
    ? { thinking: { type: 'enabled', budget_tokens: budget } }
    : undefined;
}

/** A model that has yet to answer its tools goes on with the reasoning that it called them by, or without any. */
function canGoOn(call: LlmCall): boolean {
  const lastOfUser = call.messages.findLastIndex(({ role }) => role === 'user');
  const calling = call.messages.slice(lastOfUser + 1).filter(({ tool_calls: calls }) => Array.isArray(calls));
  return calling.every((message) => detailsOf(message, call).flatMap(blockOfDetail).length > 0);
}
