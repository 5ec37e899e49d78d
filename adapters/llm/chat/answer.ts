// Translates whole answers of other forms into chat completions.

import type { JsonObject } from '../../../codecs/json/object.ts';
import { LlmFailure, type LlmOutcome, type LlmUsage, type StreamOutcome } from '../contract.ts';
import { type Ending, endless } from './finish.ts';
import { type ToolCallDelta, toolCallJson } from './tools.ts';

/** An answer, or the part of it in one event of a stream. A new value replaces the earlier one; texts are joined. */
export interface AnswerDelta extends Partial<Omit<StreamOutcome, 'finish'>>, Ending {
  readonly id?: string | undefined;
  readonly calls?: readonly ToolCallDelta[] | undefined;
  /** Thoughts of the model, or a summary of it. */
  readonly thought?: Thought | undefined;
  /** Reasoning that the same target wants back with the next call, in the shape of OpenRouter's `reasoning_details`. */
  readonly details?: readonly JsonObject[] | undefined;
  /** Words by which the model refuses, where they are no text. */
  readonly refusal?: string | undefined;
  readonly logprobs?: readonly unknown[] | undefined;
  /** Bytes of what the model said beside text and calls. */
  readonly otherBytes?: number | undefined;
  /** An event without content, which shows that the endpoint is at work. */
  readonly comment?: Buffer | undefined;
  /** The last event of the form: nothing of the answer comes behind it. */
  readonly isLast?: boolean | undefined;
  /** Bytes that pass to the client as they are. */
  readonly bytes?: Buffer | undefined;
  /** An event that says nothing yet, such as the role of who will speak. It waits for the first that says something. */
  readonly isPreamble?: boolean | undefined;
}

export interface Thought {
  readonly text: string;
  readonly isSummary: boolean;
}

/** Writes the bytes for the client, in the events of its form. */
export interface StreamWriter {
  /** `outcome`: of all that came, this part included. */
  delta(delta: AnswerDelta, outcome: StreamOutcome): readonly Buffer[];
  /** The last bytes of a complete answer. */
  end(outcome: StreamOutcome): readonly Buffer[];
  /** The last bytes of an answer that broke off. `error`: as OpenAI writes errors. */
  failed(error: JsonObject): Buffer;
}

/** The outcome of a whole answer. `model` was asked for. @throws LlmFailure for one that ended in a fault, or that does not say why it ended. */
export function chatOutcome(answer: AnswerDelta, model: string, provider: string | undefined): LlmOutcome {
  const { id = '', text = '', calls = [], thought, details = [], served, finish, usage } = answer;
  const outcome = { text, served, provider, usage, costUsd: undefined, finish };
  failIfUnended(answer, outcome);
  const message = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    reasoning: thought?.text,
    reasoning_details: details.length > 0 ? details : undefined,
    tool_calls: calls.length > 0 ? calls.map((call) => toolCallJson(call, false)) : undefined,
  };
  const completion = {
    id,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: served ?? model,
    choices: [{ index: 0, message, finish_reason: finish }],
    usage: usage && usageJson(usage),
  };
  return { completion, ...outcome };
}

/** @throws LlmFailure with the outcome for an answer that ended in a fault, or that does not say why it ended. */
export function failIfUnended({ finish, fault }: Ending, outcome: StreamOutcome): void {
  if (finish !== undefined && fault === undefined) return;
  const { code, message } = fault ?? endless();
  throw new LlmFailure(code, message, { outcome });
}

export function usageJson({
  inputTokens = 0,
  outputTokens = 0,
  cachedTokens,
  outputReasoningTokens: reasoning,
}: LlmUsage): JsonObject {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: cachedTokens === undefined ? undefined : { cached_tokens: cachedTokens },
    completion_tokens_details: reasoning === undefined ? undefined : { reasoning_tokens: reasoning },
  };
}
