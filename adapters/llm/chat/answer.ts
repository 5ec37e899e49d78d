// Translates whole answers of other forms into chat completions.

import type { JsonObject } from '../../../codecs/json-object.ts';
import type { LlmOutcome, LlmUsage, StreamOutcome } from '../contract.ts';
import { type ToolCallDelta, toolCallJson } from './tools.ts';

/** An answer, or the part of it in one event of a stream. A new value replaces the earlier one; texts are joined. */
export interface AnswerDelta extends Partial<StreamOutcome> {
  readonly id?: string | undefined;
  readonly calls?: readonly ToolCallDelta[] | undefined;
  /** Bytes that pass to the client as they are. */
  readonly bytes?: Buffer | undefined;
  /** True for the event that marks the end. */
  readonly isEnd?: boolean;
}

/** The outcome of a whole answer. */
export function chatOutcome(answer: AnswerDelta, provider: string): LlmOutcome {
  const { id = '', text = '', calls = [], served, finish, usage } = answer;
  const message = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    tool_calls: calls.length > 0 ? calls.map((call) => toolCallJson(call, false)) : undefined,
  };
  const completion = {
    id,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: served,
    choices: [{ index: 0, message, finish_reason: finish ?? 'stop' }],
    usage: usage && usageJson(usage),
  };
  return { completion, text, served, provider, usage, costUsd: undefined, finish };
}

export function usageJson({ inputTokens = 0, outputTokens = 0, cachedTokens }: LlmUsage): JsonObject {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: cachedTokens === undefined ? undefined : { cached_tokens: cachedTokens },
  };
}
