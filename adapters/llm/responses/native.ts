// The Responses API of an endpoint that speaks it: requests go on with the policy added, answers pass byte for byte.
// https://platform.openai.com/docs/api-reference/responses

import { isObject, type JsonObject, objectAt, parseJson, textAt } from '../../../codecs/json/object.ts';
import { usageOfResponse } from '../../realtime/openai/usage.ts';
import type { AnswerDelta } from '../chat/answer.ts';
import { type Ending, endless } from '../chat/finish.ts';
import { isSealed } from '../chat/reasoning.ts';
import { nativeStream, type ReadEvent } from '../chat/stream.ts';
import type { ReadMetadata } from '../completions/completions.ts';
import {
  type LlmCall,
  LlmFailure,
  type LlmOutcome,
  type LlmReply,
  type LlmTarget,
  type LlmUsage,
  type NativeApi,
} from '../contract.ts';
import { failureInBody, failureOfError } from '../failure/failure.ts';
import { highestUsd, usageCostUsd } from '../usage/usage.ts';
import { responseEvent } from './event.ts';
import { failedResponse } from './response.ts';

export interface NativeFacts {
  /** URL of the endpoint; `<base URL>/responses` when not given. */
  url?(target: LlmTarget): string;
  headers(target: LlmTarget): Readonly<Record<string, string>>;
  /** Fields that carry the policy. A value of undefined removes a field. */
  fields?(call: LlmCall, target: LlmTarget): JsonObject;
  readonly readMetadata: ReadMetadata;
  readonly isOptional?: NativeApi['isOptional'];
}

export function nativeResponses({ url, headers, fields, readMetadata, isOptional }: NativeFacts): NativeApi {
  return {
    ...(isOptional && { isOptional }),
    toRequest: (call, target) => ({
      url: url?.(target) ?? `${target.baseUrl.replace(/\/+$/, '')}/responses`,
      headers: { 'content-type': 'application/json', ...headers(target) },
      body: JSON.stringify({ ...bodyOf(call), model: target.model, ...fields?.(call, target) }),
    }),
    readReply: (reply, model) => readResponse(reply, model, readMetadata),
    readStream: (streamHeaders, _, model) => {
      const reader = new NativeReader({ headers: streamHeaders, model, readMetadata });
      return nativeStream(reader.read, { end: () => [], failed: (error) => reader.failed(error) });
    },
  };
}

/** Leaves out what this gateway keeps for its clients: the endpoint is told all items, and keeps none. */
function bodyOf({ native, maxTokens, isStreamed }: LlmCall): JsonObject {
  const { previous_response_id: _, background: __, ...body } = native?.body ?? {};
  return {
    ...body,
    input: Array.isArray(body.input) ? ownItems(body.input) : body.input,
    max_output_tokens: maxTokens,
    stream: isStreamed || undefined,
    store: false,
  };
}

/** Leaves out reasoning that is of no use to the endpoint. The ids of the items that it belonged to would ask for it, so they go as well. */
function ownItems(items: readonly unknown[]): readonly unknown[] {
  const own = items.filter((item) => !isOfOtherTarget(item));
  return own.length === items.length ? items : own.map((item) => (isOutput(item) ? { ...item, id: undefined } : item));
}

const isOutput = (item: unknown): item is JsonObject =>
  isObject(item) && (item.type === 'function_call' || item.type === 'custom_tool_call' || item.role === 'assistant');

/** Reasoning that another target sealed, or that its endpoint would have to have kept. */
function isOfOtherTarget(item: unknown): boolean {
  if (!isObject(item) || item.type !== 'reasoning') return false;
  const { encrypted_content: encrypted } = item;
  return typeof encrypted !== 'string' || isSealed(encrypted);
}

function readResponse({ headers, body }: LlmReply, model: string, readMetadata: ReadMetadata): LlmOutcome {
  const response = parseJson(body.toString());
  const failure = failureInBody(response);
  if (failure) throw failure;
  if (!isObject(response) || !Array.isArray(response.output))
    throw new LlmFailure('garbled', 'no response in the answer');
  const outcome = {
    text: textOfOutput(response.output),
    ...factsOf(response, headers, readMetadata),
  };
  const { finish, fault } = endingOf(response);
  if (finish === undefined || fault !== undefined) {
    const { code, message } = fault ?? endless();
    throw new LlmFailure(code, message, { outcome: { ...outcome, finish } });
  }
  const named = typeof response.model === 'string' && response.model !== '';
  return { completion: named ? response : { ...response, model }, bytes: named ? body : undefined, ...outcome, finish };
}

function factsOf(response: JsonObject, headers: Readonly<Record<string, string>>, readMetadata: ReadMetadata) {
  const { served, provider, costUsd } = readMetadata(headers, response);
  return {
    served: served ?? textAt(response, 'model'),
    provider,
    usage: usageOf(response),
    costUsd: highestUsd(costUsd, usageCostUsd(response.usage)),
  };
}

function usageOf(response: JsonObject): LlmUsage | undefined {
  const usage = usageOfResponse(response);
  const details = objectAt(response, 'usage', 'output_tokens_details');
  const written = objectAt(response, 'usage', 'input_tokens_details')?.cache_write_tokens;
  const reasoning = details?.reasoning_tokens;
  return (
    usage && {
      ...usage,
      ...(isCount(written) ? { cacheWriteTokens: written } : {}),
      ...(isCount(reasoning) ? { outputReasoningTokens: reasoning } : {}),
    }
  );
}

const isCount = (value: unknown): value is number => typeof value === 'number' && value >= 0;

function textOfOutput(output: readonly unknown[]): string {
  const parts = output.flatMap((item) => (isObject(item) && Array.isArray(item.content) ? item.content : []));
  return parts
    .map((part) => (isObject(part) && part.type === 'output_text' ? (textAt(part, 'text') ?? '') : ''))
    .join('');
}

/** The end of a response by its status. https://platform.openai.com/docs/api-reference/responses/object#status */
function endingOf({ status, incomplete_details: details, output, error }: JsonObject): Ending {
  switch (status) {
    case 'completed':
      return { finish: hasCalls(output) ? 'tool_calls' : 'stop' };
    case 'incomplete':
      return { finish: isObject(details) && details.reason === 'content_filter' ? 'content_filter' : 'length' };
    case 'failed':
    case 'cancelled':
      return { fault: failureOfError({ error }) };
    default:
      return {};
  }
}

const hasCalls = (output: unknown): boolean =>
  Array.isArray(output) &&
  output.some((item) => isObject(item) && (item.type === 'function_call' || item.type === 'custom_tool_call'));

interface ReaderOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
  readonly readMetadata: ReadMetadata;
}

/** Events before which another target can still serve the call. */
const PREAMBLE = ['response.created', 'response.in_progress', 'response.queued', 'keepalive'];
const ENDS = ['response.completed', 'response.incomplete', 'response.failed'];
/** Statuses of a response that has ended. Some endpoints leave it at another one, which its last event belies. */
const STATUSES = ['completed', 'incomplete', 'failed', 'cancelled'];

/** Reads the events of one stream. */
class NativeReader {
  readonly #options: ReaderOptions;
  #begun: JsonObject | undefined;
  #sequence = -1;
  readonly #done: JsonObject[] = [];

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  readonly read: ReadEvent = ({ raw, data }) => {
    if (data === undefined) return { comment: raw };
    if (data.trim() === '[DONE]') return { bytes: raw, isPreamble: true };
    const event = parseJson(data);
    if (!isObject(event) || typeof event.type !== 'string')
      throw failureInBody(event) ?? new LlmFailure('garbled', 'an event that is none of the Responses API');
    if (event.type === 'error') throw failureOfError(event);
    if (typeof event.sequence_number === 'number') this.#sequence = event.sequence_number;
    return { bytes: raw, ...this.#factsIn(event, event.type) };
  };

  /** The end of a stream that broke off: the response as far as it came. */
  failed(error: JsonObject): Buffer {
    const begun = this.#begun ?? { object: 'response', model: this.#options.model };
    return responseEvent('response.failed', this.#sequence + 1, { response: failedResponse(begun, this.#done, error) });
  }

  #factsIn(event: JsonObject, type: string): AnswerDelta {
    const response = objectAt(event, 'response');
    if (response !== undefined && ENDS.includes(type)) {
      const status = STATUSES.includes(String(response.status)) ? response.status : type.slice('response.'.length);
      const facts = factsOf(response, this.#options.headers, this.#options.readMetadata);
      return { ...endingOf({ ...response, status }), ...facts, isLast: true };
    }
    if (PREAMBLE.includes(type)) {
      this.#begun = response ?? this.#begun;
      const { served, provider } = this.#options.readMetadata(this.#options.headers, response ?? {});
      return { isPreamble: true, served: served ?? textAt(response, 'model'), provider };
    }
    if (type === 'response.output_item.done' && isObject(event.item)) this.#done.push(event.item);
    const said = textAt(event, 'delta') ?? '';
    return type === 'response.output_text.delta' ? { text: said } : { otherBytes: Buffer.byteLength(said) };
  }
}
