// The response object, as OpenAI writes it, around the output of a call that ran on an endpoint of another form.
// https://platform.openai.com/docs/api-reference/responses/object

import { isObject, type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import type { LlmCall, LlmUsage, NativeCall, StreamOutcome } from '../contract.ts';

interface ResponseFacts {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly createdAt: number;
  readonly model: string;
}

/** A response that has only begun: what the client asked for, with what holds where it did not say. */
export function newResponse(call: LlmCall, native: NativeCall, { id, createdAt, model }: ResponseFacts): JsonObject {
  const { body } = native;
  return {
    id,
    object: 'response',
    created_at: createdAt,
    status: 'in_progress',
    background: body.background === true,
    completed_at: null,
    error: null,
    frequency_penalty: 0,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: call.maxTokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    model,
    output: [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    presence_penalty: 0,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: { effort: null, summary: null, ...objectAt(body, 'reasoning') },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: 'default',
    store: body.store ?? true,
    temperature: call.temperature ?? 1,
    text: { ...objectAt(body, 'text'), format: objectAt(body, 'text', 'format') ?? { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: Array.isArray(body.tools) ? body.tools.map(toolJson) : [],
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? 'disabled',
    usage: null,
    user: body.user ?? null,
    metadata: body.metadata ?? {},
  };
}

/** A function with the fields that it always has in an answer. */
const toolJson = (tool: unknown): unknown =>
  isObject(tool) && tool.type === 'function' ? { description: null, parameters: null, strict: null, ...tool } : tool;

/** Why an answer is not all that the model would have said, by the reason for which it ended. */
const INCOMPLETE: Readonly<Record<string, string>> = { length: 'max_output_tokens', content_filter: 'content_filter' };

export const isIncomplete = ({ finish = '' }: Pick<StreamOutcome, 'finish'>): boolean =>
  Object.hasOwn(INCOMPLETE, finish);

/** The response with its output and its end. */
export function endedResponse(
  begun: JsonObject,
  outcome: Pick<StreamOutcome, 'finish' | 'usage' | 'served'>,
  { output, completedAt }: { readonly output: readonly JsonObject[]; readonly completedAt: number },
): JsonObject {
  const reason = INCOMPLETE[outcome.finish ?? ''];
  return {
    ...begun,
    status: reason === undefined ? 'completed' : 'incomplete',
    completed_at: reason === undefined ? completedAt : null,
    incomplete_details: reason === undefined ? null : { reason },
    model: outcome.served ?? begun.model,
    output,
    usage: outcome.usage === undefined ? null : usageJson(outcome.usage),
  };
}

/** The response that ended in an error, with what came of its output. */
export function failedResponse(begun: JsonObject, output: readonly JsonObject[], error: JsonObject): JsonObject {
  return { ...begun, status: 'failed', error: { code: error.code, message: error.message }, output };
}

function usageJson({
  inputTokens = 0,
  outputTokens = 0,
  cachedTokens = 0,
  cacheWriteTokens = 0,
  outputReasoningTokens = 0,
}: LlmUsage): JsonObject {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: cacheWriteTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: outputReasoningTokens },
    total_tokens: inputTokens + outputTokens,
  };
}
