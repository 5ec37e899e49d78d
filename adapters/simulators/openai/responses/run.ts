// A response of the Responses API, from response.created to response.completed.
// Rule: every event has the next sequence number and the `stream_id` of its request.

import { type JsonObject, objectAt } from '../../../../codecs/json/object.ts';
import type { SimulatorTimes } from '../../contract.ts';
import { createId } from '../../random-id.ts';
import type { ScriptRuntime } from '../../script-runtime.ts';
import { textTokenCount } from '../../tokens.ts';
import { type ReplyPrompt, replyText, textPieces } from '../../voice/reply-text.ts';
import { streamText } from '../../voice/streams.ts';
import { chooseCall, type ToolCall } from '../tools.ts';
import { type ResponsesItem, type ResponsesRequest, responsesPrompt, textOfItem } from './request.ts';

/** A response that later requests can continue. */
export interface StoredResponse {
  readonly id: string;
  readonly context: readonly ResponsesItem[];
  readonly tokens: number;
  /** false: kept for this connection alone. */
  readonly isStored: boolean;
}

interface RunSetup {
  readonly id: string;
  readonly runtime: ScriptRuntime;
  readonly times: SimulatorTimes;
  readonly createdAtS: number;
  readonly request: ResponsesRequest;
  readonly streamId: string | undefined;
  /** Sends each event of the response. */
  readonly send: (event: JsonObject) => void;
  /** The items that the response answers, oldest first. */
  readonly context: readonly ResponsesItem[];
  readonly cachedTokens: number;
  /** Called once, at the end. */
  readonly completed: (response: StoredResponse) => void;
}

type EndStatus = 'completed' | 'incomplete';

export class ResponsesRun {
  readonly #setup: RunSetup;
  readonly #startedMs: number;
  #sequence = 0;

  constructor(setup: RunSetup) {
    this.#setup = setup;
    this.#startedMs = setup.runtime.nowMs;
  }

  start(): void {
    this.#send('response.created', { response: this.#describe('in_progress', []) });
    this.#send('response.in_progress', { response: this.#describe('in_progress', []) });
    if (this.#setup.request.generate === false) {
      this.#complete([], 0, 'completed');
      return;
    }
    const { request, context, runtime, times } = this.#setup;
    const prompt = responsesPrompt(context);
    const call = chooseCall(request.tools ?? [], request.tool_choice, prompt);
    runtime.after(times.firstTextMs, () => (call ? this.#call(call) : this.#write(prompt)));
  }

  #write(prompt: ReplyPrompt): void {
    const id = createId('msg_', 48);
    const ids = { item_id: id, output_index: 0, content_index: 0 };
    const item = { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] as unknown[] };
    this.#send('response.output_item.added', { output_index: 0, item });
    this.#send('response.content_part.added', { ...ids, part: textPart('') });
    const pieces = textPieces(replyText(prompt));
    const send = (delta: string) => this.#send('response.output_text.delta', { ...ids, delta, logprobs: [] });
    this.#stream(pieces, send, (text, status) => {
      this.#send('response.output_text.done', { ...ids, text, logprobs: [] });
      this.#send('response.content_part.done', { ...ids, part: textPart(text) });
      this.#finish({ ...item, status, content: [textPart(text)] }, textTokenCount(text), status);
    });
  }

  #call({ name, pieces }: ToolCall): void {
    const id = createId('fc_', 48);
    const ids = { item_id: id, output_index: 0 };
    const item = { id, type: 'function_call', call_id: createId('call_', 24), name };
    this.#send('response.output_item.added', {
      output_index: 0,
      item: { ...item, status: 'in_progress', arguments: '' },
    });
    const send = (delta: string) => this.#send('response.function_call_arguments.delta', { ...ids, delta });
    this.#stream(pieces, send, (text, status) => {
      this.#send('response.function_call_arguments.done', { ...ids, name, arguments: text });
      this.#finish({ ...item, status, arguments: text }, textTokenCount(name + text), status);
    });
  }

  #stream(pieces: readonly string[], send: (piece: string) => void, done: (text: string, status: EndStatus) => void) {
    const { runtime, times, request } = this.#setup;
    const maxTokens = request.max_output_tokens ?? Number.POSITIVE_INFINITY;
    const stream = streamText({ runtime, tokenMs: times.tokenMs, pieces, send, maxTokens });
    stream.start((isWhole) => done(stream.sentText(), isWhole ? 'completed' : 'incomplete'));
  }

  #finish(item: ResponsesItem, outputTokens: number, status: EndStatus): void {
    this.#send('response.output_item.done', { output_index: 0, item });
    this.#complete([item], outputTokens, status);
  }

  #complete(output: readonly ResponsesItem[], outputTokens: number, status: EndStatus): void {
    const { context, cachedTokens, request } = this.#setup;
    const texts = [request.instructions ?? '', JSON.stringify(request.tools ?? ''), ...context.map(textOfItem)];
    const inputTokens = texts.reduce((sum, text) => sum + textTokenCount(text), 0);
    const usage = {
      input_tokens: inputTokens,
      input_tokens_details: { cached_tokens: Math.min(inputTokens, cachedTokens), cache_write_tokens: 0 },
      output_tokens: outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: inputTokens + outputTokens,
    };
    this.#send(`response.${status}`, { response: { ...this.#describe(status, output), usage } });
    this.#setup.completed({
      id: this.#setup.id,
      context: [...context, ...output],
      tokens: inputTokens + outputTokens,
      isStored: request.store !== false,
    });
  }

  #describe(status: string, output: readonly unknown[]): JsonObject {
    const { id, createdAtS, request } = this.#setup;
    return {
      id,
      object: 'response',
      created_at: createdAtS,
      status,
      completed_at: status === 'completed' ? this.#nowS : null,
      background: false,
      error: null,
      frequency_penalty: 0,
      incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
      instructions: request.instructions ?? null,
      max_output_tokens: request.max_output_tokens ?? null,
      max_tool_calls: request.max_tool_calls ?? null,
      model: request.model ?? 'rehearsal',
      output,
      parallel_tool_calls: request.parallel_tool_calls ?? true,
      presence_penalty: 0,
      previous_response_id: request.previous_response_id ?? null,
      prompt_cache_key: request.prompt_cache_key ?? null,
      reasoning: { effort: null, summary: null, ...objectAt(request, 'reasoning') },
      safety_identifier: request.safety_identifier ?? null,
      service_tier: 'default',
      store: request.store ?? true,
      temperature: request.temperature ?? 1,
      text: { format: { type: 'text' }, ...objectAt(request, 'text') },
      tool_choice: request.tool_choice ?? 'auto',
      tools: request.tools?.map(described) ?? [],
      top_logprobs: request.top_logprobs ?? 0,
      top_p: request.top_p ?? 1,
      truncation: request.truncation ?? 'disabled',
      usage: null,
      user: null,
      metadata: request.metadata ?? {},
    };
  }

  get #nowS(): number {
    const { createdAtS, runtime } = this.#setup;
    return createdAtS + Math.floor((runtime.nowMs - this.#startedMs) / 1000);
  }

  #send(type: string, fields: JsonObject): void {
    const { streamId } = this.#setup;
    const event = { type, ...fields, sequence_number: this.#sequence, ...(streamId ? { stream_id: streamId } : {}) };
    this.#sequence += 1;
    this.#setup.send(event);
  }
}

/** A function with the fields that it always has in an answer. */
const described = (tool: JsonObject): JsonObject =>
  tool.type === 'function' ? { description: null, parameters: null, strict: null, ...tool } : tool;

function textPart(text: string): JsonObject {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}
