// Thinking of Gemini's models, for calls that ask for reasoning in OpenAI's words. https://ai.google.dev/gemini-api/docs/thinking

import { type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import type { LlmCall } from '../contract.ts';

/** Models that think within a budget of tokens. */
const BUDGETED = /^(?:models\/)?gemini-2\.5/;

/** Tells of models that have levels of thinking, and that hold an answer to a schema beside functions: those of the third generation, and later. */
export const isThirdGeneration = (model: string): boolean => /^(?:models\/)?gemini-(?:[3-9]|\d\d)/.test(model);

const BUDGETS: Readonly<Record<string, number>> = { none: 512, minimal: 512, low: 2048, medium: 8192 };
const MOST_BUDGET = 24_576;
/** All models of the third generation have these two levels. */
const LEVELS: Readonly<Record<string, string>> = { none: 'low', minimal: 'low', low: 'low' };

/** The field that says how much is thought, and whether it is told; {} where the call does not ask for it, or the model cannot. */
export function geminiThinking({ native, extra }: LlmCall, model: string): JsonObject {
  const effort = typeof extra.reasoning_effort === 'string' ? extra.reasoning_effort : undefined;
  const wantsSummary = typeof objectAt(native?.body, 'reasoning')?.summary === 'string';
  if (native === undefined || (effort === undefined && !wantsSummary)) return {};
  if (!BUDGETED.test(model) && !isThirdGeneration(model)) return {};
  const depth = effort === undefined ? {} : depthOf(effort, model);
  return { thinkingConfig: { ...depth, includeThoughts: wantsSummary || undefined } };
}

function depthOf(effort: string, model: string): JsonObject {
  if (isThirdGeneration(model)) return { thinkingLevel: LEVELS[effort] ?? 'high' };
  return { thinkingBudget: BUDGETS[effort] ?? MOST_BUDGET };
}
