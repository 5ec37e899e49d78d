// The message object of Anthropic's Messages API: what begins an answer, and what ends it.

import { randomBytes } from 'node:crypto';
import type { JsonObject } from '../../../codecs/json/object.ts';
import type { LlmUsage, StreamOutcome } from '../contract.ts';

/** A message that has only begun. */
export const newMessage = (model: string): JsonObject => ({
  id: `msg_${randomBytes(16).toString('hex')}`,
  type: 'message',
  role: 'assistant',
  model,
  content: [],
  stop_reason: null,
  stop_sequence: null,
  // The use is known at the end alone.
  usage: { input_tokens: 0, output_tokens: 0 },
});

const STOP_REASONS: Readonly<Record<string, string>> = {
  length: 'max_tokens',
  content_filter: 'refusal',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
};

/** The fields that say why and with what use an answer ended. Which sequence stopped it, only an endpoint of this form tells. */
export function endOfMessage({ finish, usage }: Pick<StreamOutcome, 'finish' | 'usage'>) {
  const reason = STOP_REASONS[finish ?? ''] ?? 'end_turn';
  return { stop: { stop_reason: reason, stop_sequence: null }, usage: usageJson(usage ?? {}) };
}

/** `input_tokens` leaves out what the cache had, and what it took. */
function usageJson(usage: LlmUsage): JsonObject {
  const { inputTokens = 0, outputTokens = 0, cachedTokens = 0, cacheWriteTokens = 0 } = usage;
  return {
    input_tokens: Math.max(0, inputTokens - cachedTokens - cacheWriteTokens),
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cachedTokens,
    output_tokens: outputTokens,
  };
}
