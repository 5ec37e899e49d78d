// Writes answers of other forms as chat completions: whole, and as a stream of chunks.

import { type JsonObject, objectAt } from '../../../codecs/json-object.ts';
import type { Usage } from '../../realtime/contract.ts';
import type { LlmCall, LlmOutcome, LlmStream } from '../contract.ts';
import { createSseReader, type ServerSentEvent, sseEvent } from '../server-sent-events.ts';
import { type ToolCallDelta, toolCallJson } from './tools.ts';

export interface ChatAnswer {
  readonly id: string;
  readonly text: string;
  /** The tools that are to be called. */
  readonly calls: readonly ToolCallDelta[];
  readonly served: string | undefined;
  readonly finish: string | undefined;
  readonly usage: Usage | undefined;
  readonly provider: string;
}

export function chatOutcome(answer: ChatAnswer): LlmOutcome {
  const { id, text, calls, served, finish, usage, provider } = answer;
  const message = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(calls.length > 0 ? { tool_calls: calls.map((call) => toolCallJson(call, false)) } : {}),
  };
  const completion = {
    id,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: served,
    choices: [{ index: 0, message, finish_reason: finish ?? 'stop' }],
    ...(usage === undefined ? {} : { usage: usageOf(usage) }),
  };
  return { completion, text, served, provider, usage, costUsd: undefined, finish };
}

function usageOf({ inputTokens = 0, outputTokens = 0, cachedTokens }: Usage): JsonObject {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(cachedTokens === undefined ? {} : { prompt_tokens_details: { cached_tokens: cachedTokens } }),
  };
}

/** What one event of another form adds; a counted usage replaces the one before. */
export interface AnswerDelta {
  readonly id?: string | undefined;
  readonly served?: string | undefined;
  readonly text?: string | undefined;
  readonly calls?: readonly ToolCallDelta[] | undefined;
  readonly finish?: string | undefined;
  readonly usage?: Usage | undefined;
  /** The stream says that it is complete. */
  readonly isEnd?: boolean;
}

export interface TranslatedOptions {
  readonly call: LlmCall;
  readonly provider: string;
  /** Throws an LlmFailure for an error, and for what cannot be read. */
  readonly read: (event: ServerSentEvent) => AnswerDelta | undefined;
}

/** A stream of another form as chunks of a chat completion. */
export function translatedStream({ call, provider, read }: TranslatedOptions): LlmStream {
  const reader = createSseReader();
  const created = Math.floor(Date.now() / 1000);
  let id = '';
  let isEnd = false;
  let hasRole = false;
  let answer = {
    text: '',
    served: undefined,
    provider,
    usage: undefined,
    costUsd: undefined,
    finish: undefined,
  } as Omit<LlmOutcome, 'completion'>;

  const chunk = (choices: readonly object[], more: object = {}): Buffer =>
    sseEvent({ id, object: 'chat.completion.chunk', created, model: answer.served, choices, ...more });

  function take(event: ServerSentEvent): Buffer[] {
    const step = read(event);
    if (step === undefined) return [];
    id = step.id ?? id;
    isEnd ||= step.isEnd === true;
    answer = {
      ...answer,
      served: step.served ?? answer.served,
      text: answer.text + (step.text ?? ''),
      usage: step.usage ?? answer.usage,
      finish: step.finish ?? answer.finish,
    };
    const said = step.text ? [{ content: step.text }] : [];
    const called = (step.calls ?? []).map((call) => ({ tool_calls: [toolCallJson(call, true)] }));
    return [...said, ...called].map((more) => {
      const delta = { ...(hasRole ? {} : { role: 'assistant' }), ...more };
      hasRole = true;
      return chunk([{ index: 0, delta, finish_reason: null }]);
    });
  }

  function rest(): Buffer[] {
    const wantsUsage = objectAt(call.extra, 'stream_options')?.include_usage === true;
    return [
      chunk([{ index: 0, delta: {}, finish_reason: answer.finish ?? 'stop' }]),
      ...(wantsUsage && answer.usage ? [chunk([], { usage: usageOf(answer.usage) })] : []),
      sseEvent('[DONE]'),
    ];
  }
  return {
    served: () => answer.served,
    push: (bytes) => Buffer.concat(reader.push(bytes).flatMap(take)),
    end() {
      const last = reader.end().flatMap(take);
      const isComplete = isEnd || answer.finish !== undefined;
      return { rest: Buffer.concat(isComplete ? [...last, ...rest()] : last), outcome: answer, isComplete };
    },
  };
}
