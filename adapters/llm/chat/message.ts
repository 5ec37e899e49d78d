// Reads what a message of a chat completion says beside its text, or a delta of one: reasoning, refusals and calls of tools, under the names that
// endpoints of this form have for them.

import { isObject, type JsonObject, objectAt, textAt, valueAt } from '../../../codecs/json/object.ts';
import type { AnswerDelta, Thought } from './answer.ts';
import type { ToolCallDelta } from './tools.ts';

type Said = Pick<AnswerDelta, 'thought' | 'details' | 'refusal' | 'calls'>;

/** Reads a message or a delta. */
export function saidIn(message: JsonObject): Said {
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls.filter(isObject) : [];
  return {
    ...reasoningIn(message),
    refusal: textAt(message, 'refusal'),
    calls: calls.map(callIn),
  };
}

function callIn(call: JsonObject, at: number): ToolCallDelta {
  return {
    index: typeof call.index === 'number' ? call.index : at,
    id: textAt(call, 'id') || undefined,
    name: textAt(call, 'function', 'name') || undefined,
    input: textAt(call, 'function', 'arguments'),
    signature: textAt(call, 'extra_content', 'google', 'thought_signature'),
  };
}

/** Names of the field that has the reasoning itself: vLLM, OpenRouter and Groq; DeepSeek and most others. */
const REASONING_FIELDS = ['reasoning', 'reasoning_content'] as const;

/** The format of details that stand for a field of this name. */
const FIELD_FORMAT = 'field:';

function reasoningIn(message: JsonObject): Pick<Said, 'thought' | 'details'> {
  const field = REASONING_FIELDS.find((name) => textAt(message, name));
  const text = field && textAt(message, field);
  const details = Array.isArray(message.reasoning_details) ? message.reasoning_details.filter(isObject) : [];
  if (details.length > 0)
    return { thought: text ? { text, isSummary: isSummary(details) } : thoughtOf(details), details };
  if (!text) return {};
  const own = { type: 'reasoning.text', text, format: `${FIELD_FORMAT}${field}`, index: 0 };
  return { thought: { text, isSummary: false }, details: [own] };
}

/** Formats of vendors that give summaries of what their models think. */
export const ANTHROPIC_FORMAT = 'anthropic-claude-v1';
export const GEMINI_FORMAT = 'google-gemini-v1';

const isSummary = (details: readonly JsonObject[]): boolean =>
  details.some(
    ({ type, format }) => type === 'reasoning.summary' || format === ANTHROPIC_FORMAT || format === GEMINI_FORMAT,
  );

/** Takes the text of details, where nothing else has it. */
function thoughtOf(details: readonly JsonObject[]): Thought | undefined {
  const text = details.map((detail) => textAt(detail, 'text') ?? textAt(detail, 'summary') ?? '').join('');
  return text === '' ? undefined : { text, isSummary: isSummary(details) };
}

/** The fields of a message that give reasoning back: those that it came in. `isRunning`: the model has yet to answer the tools that it called. */
export function reasoningFields(details: readonly JsonObject[], isRunning: boolean): JsonObject {
  const given = details.filter(({ format }) => !String(format).startsWith(FIELD_FORMAT));
  const own = details.find(({ format }) => String(format).startsWith(FIELD_FORMAT));
  return {
    ...(given.length === 0 ? {} : { reasoning_details: given }),
    // Reasoning of earlier turns is refused by some endpoints.
    ...(own === undefined || !isRunning ? {} : { [String(own.format).slice(FIELD_FORMAT.length)]: own.text }),
  };
}

/** Reads what the first choice of a whole completion says. `text`: its text, as it was read before. */
export function deltaOfCompletion(completion: JsonObject, text: string): AnswerDelta {
  const choice = valueAt(completion, ['choices', 0]);
  const message = objectAt(isObject(choice) ? choice : {}, 'message') ?? {};
  const logprobs = valueAt(choice, ['logprobs', 'content']);
  return {
    id: textAt(completion, 'id'),
    text,
    ...saidIn(message),
    logprobs: Array.isArray(logprobs) ? logprobs : undefined,
  };
}
