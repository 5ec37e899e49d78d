// Translates answers of other forms into chat completions: whole answers, and streams.

import { type JsonObject, objectAt } from '../../../codecs/json-object.ts';
import type { LlmCall, LlmOutcome, LlmStream, LlmUsage } from '../contract.ts';
import { type ServerSentEvent, ServerSentEventReader, sseEvent } from '../server-sent-events.ts';
import { type ToolCallDelta, toolCallJson } from './tools.ts';

interface ChatAnswer {
  readonly id: string;
  readonly text: string;
  readonly calls: readonly ToolCallDelta[];
  readonly served: string | undefined;
  readonly finish: string | undefined;
  readonly usage: LlmUsage | undefined;
  readonly provider: string;
}

/** The outcome of a whole answer. */
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
    ...(usage === undefined ? {} : { usage: usageJson(usage) }),
  };
  return { completion, text, served, provider, usage, costUsd: undefined, finish };
}

function usageJson({ inputTokens = 0, outputTokens = 0, cachedTokens }: LlmUsage): JsonObject {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(cachedTokens === undefined ? {} : { prompt_tokens_details: { cached_tokens: cachedTokens } }),
  };
}

/** The part of an answer in one event of another form. A new usage replaces the earlier one. */
export interface AnswerDelta {
  readonly id?: string | undefined;
  readonly served?: string | undefined;
  readonly text?: string | undefined;
  readonly calls?: readonly ToolCallDelta[] | undefined;
  readonly finish?: string | undefined;
  readonly usage?: LlmUsage | undefined;
  /** True for the event that marks the end. */
  readonly isEnd?: boolean;
}

interface TranslatedStreamOptions {
  readonly call: LlmCall;
  readonly provider: string;
  /** Reads one event. @throws LlmFailure for an error or an unreadable event. */
  readonly read: (event: ServerSentEvent) => AnswerDelta | undefined;
}

/** A stream of another form, translated into chunks of a chat completion. */
export class TranslatedStream implements LlmStream {
  readonly #options: TranslatedStreamOptions;
  readonly #events = new ServerSentEventReader();
  readonly #created = Math.floor(Date.now() / 1000);
  #id = '';
  #isEnd = false;
  #hasRole = false;
  #outcome: Omit<LlmOutcome, 'completion'>;

  constructor(options: TranslatedStreamOptions) {
    this.#options = options;
    const { provider } = options;
    this.#outcome = { text: '', served: undefined, provider, usage: undefined, costUsd: undefined, finish: undefined };
  }

  served(): string | undefined {
    return this.#outcome.served;
  }

  push(chunk: Buffer): Buffer {
    return Buffer.concat(this.#events.push(chunk).flatMap((event) => this.#translate(event)));
  }

  end() {
    const last = this.#events.end().flatMap((event) => this.#translate(event));
    const isComplete = this.#isEnd || this.#outcome.finish !== undefined;
    const rest = Buffer.concat(isComplete ? [...last, ...this.#finalChunks()] : last);
    return { rest, outcome: this.#outcome, isComplete };
  }

  #translate(event: ServerSentEvent): Buffer[] {
    const delta = this.#options.read(event);
    if (delta === undefined) return [];
    this.#id = delta.id ?? this.#id;
    this.#isEnd ||= delta.isEnd === true;
    const { served, text, usage, finish } = this.#outcome;
    this.#outcome = {
      ...this.#outcome,
      served: delta.served ?? served,
      text: text + (delta.text ?? ''),
      usage: delta.usage ?? usage,
      finish: delta.finish ?? finish,
    };
    const texts = delta.text ? [{ content: delta.text }] : [];
    const calls = (delta.calls ?? []).map((call) => ({ tool_calls: [toolCallJson(call, true)] }));
    return [...texts, ...calls].map((fields) => this.#deltaChunk(fields));
  }

  #deltaChunk(fields: object): Buffer {
    const delta = { ...(this.#hasRole ? {} : { role: 'assistant' }), ...fields };
    this.#hasRole = true;
    return this.#chunk([{ index: 0, delta, finish_reason: null }]);
  }

  #finalChunks(): Buffer[] {
    const { finish, usage } = this.#outcome;
    const wantsUsage = objectAt(this.#options.call.extra, 'stream_options')?.include_usage === true;
    return [
      this.#chunk([{ index: 0, delta: {}, finish_reason: finish ?? 'stop' }]),
      ...(wantsUsage && usage ? [this.#chunk([], { usage: usageJson(usage) })] : []),
      sseEvent('[DONE]'),
    ];
  }

  #chunk(choices: readonly object[], fields: object = {}): Buffer {
    const head = { id: this.#id, object: 'chat.completion.chunk', created: this.#created, model: this.#outcome.served };
    return sseEvent({ ...head, choices, ...fields });
  }
}
