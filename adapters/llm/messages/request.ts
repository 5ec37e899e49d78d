// Reads a request of Anthropic's Messages API into a call: its translation into chat completions, with the request itself beside it.
// https://docs.anthropic.com/en/api/messages

import { type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import { resourcesIn } from '../chat/resources.ts';
import type { LlmCall } from '../contract.ts';
import { messagesOfTurns } from './input.ts';
import { hostedToolsOfMessages, toolsOfMessages } from './tools.ts';

interface MessagesCall {
  /** A checked request. */
  readonly body: JsonObject;
  /** The limit of the answer; undefined: that of the model. */
  readonly maxTokens: number | undefined;
  /** Values of the header `anthropic-beta` that go on. */
  readonly betas: readonly string[];
}

export function messagesCall({ body, maxTokens, betas }: MessagesCall): LlmCall {
  const turns = Array.isArray(body.messages) ? body.messages : [];
  const input = messagesOfTurns(turns, body.system);
  const tools = toolsOfMessages(body);
  return {
    messages: input.messages,
    maxTokens,
    temperature: typeof body.temperature === 'number' ? body.temperature : undefined,
    isStreamed: body.stream === true,
    extra: { ...tools.fields, ...shapeFields(body), ...otherFields(body) },
    native: {
      form: 'messages',
      body,
      betas,
      untranslated: input.untranslated ?? tools.untranslated,
      hostedTools: hostedToolsOfMessages(body),
      resources: resourcesIn(body.tools, 'tools'),
    },
  };
}

/** The shape that the text must have. https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs */
function shapeFields(body: JsonObject): JsonObject {
  const { type, schema } = objectAt(body, 'output_config', 'format') ?? objectAt(body, 'output_format') ?? {};
  if (type !== 'json_schema') return {};
  return { response_format: { type, json_schema: { name: 'answer', schema, strict: true } } };
}

function otherFields(body: JsonObject): JsonObject {
  const { stop_sequences: stop, top_p: topP, top_k: topK } = body;
  const user = objectAt(body, 'metadata')?.user_id;
  const effort = effortOf(body);
  return {
    ...(Array.isArray(stop) && stop.length > 0 ? { stop } : {}),
    ...(typeof topP === 'number' ? { top_p: topP } : {}),
    ...(typeof topK === 'number' ? { top_k: topK } : {}),
    ...(typeof user === 'string' ? { user } : {}),
    ...(effort === undefined ? {} : { reasoning_effort: effort }),
  };
}

/** Budgets of thinking, in tokens, from which an effort is more than the one before. */
const MEDIUM_FROM = 4096;
const HIGH_FROM = 16_384;

/** The effort that was asked for, else the one that a budget of thinking comes to; undefined: that of the model. */
function effortOf(body: JsonObject): string | undefined {
  const effort = objectAt(body, 'output_config')?.effort;
  // Other makers have no word beyond it.
  if (typeof effort === 'string') return effort === 'max' || effort === 'xhigh' ? 'high' : effort;
  const budget = objectAt(body, 'thinking')?.budget_tokens;
  if (typeof budget !== 'number') return undefined;
  return budget >= HIGH_FROM ? 'high' : budget >= MEDIUM_FROM ? 'medium' : 'low';
}

/** Tells whether the client has asked to see what the model thinks; others take the first block of an answer for its text. */
export const wantsThinking = (body: JsonObject): boolean => {
  const type = objectAt(body, 'thinking')?.type;
  return type === 'enabled' || type === 'adaptive';
};
