// The Messages API of an endpoint that speaks it: requests go on with the policy added, answers pass byte for byte.
// https://docs.anthropic.com/en/api/messages

import { isObject, type JsonObject, objectAt, parseJson } from '../../../codecs/json/object.ts';
import { answerOfMessage, createAnthropicReader, messageIn } from '../anthropic/answer.ts';
import { type AnswerDelta, chatOutcome } from '../chat/answer.ts';
import { isSealed } from '../chat/reasoning.ts';
import { nativeStream, type ReadEvent } from '../chat/stream.ts';
import type { ReadMetadata } from '../completions/completions.ts';
import type { LlmCall, LlmOutcome, LlmReply, LlmTarget, NativeApi } from '../contract.ts';
import { highestUsd, usageCostUsd } from '../usage/usage.ts';
import { messageErrorEvent } from './event.ts';

export interface NativeMessagesFacts {
  /** URL of the endpoint; `<base URL>/messages` when not given. */
  url?(target: LlmTarget): string;
  headers(target: LlmTarget): Readonly<Record<string, string>>;
  /** Fields that carry the policy. A value of undefined removes a field. */
  fields?(call: LlmCall, target: LlmTarget): JsonObject;
  readonly readMetadata: ReadMetadata;
  readonly isOptional?: NativeApi['isOptional'];
}

export function nativeMessages({ url, headers, fields, readMetadata, isOptional }: NativeMessagesFacts): NativeApi {
  return {
    ...(isOptional && { isOptional }),
    toRequest: (call, target) => ({
      url: url?.(target) ?? `${target.baseUrl.replace(/\/+$/, '')}/messages`,
      headers: {
        'content-type': 'application/json',
        ...headers(target),
        ...betaHeader(call),
      },
      body: JSON.stringify({ ...bodyOf(call), model: target.model, ...fields?.(call, target) }),
    }),
    readReply: (reply, model) => readMessage(reply, model, readMetadata),
    readStream: (streamHeaders) =>
      nativeStream(passing(streamHeaders, readMetadata), { end: () => [], failed: messageErrorEvent }),
  };
}

function betaHeader({ native }: LlmCall): Readonly<Record<string, string>> {
  const { betas = [] } = native ?? {};
  return betas.length === 0 ? {} : { 'anthropic-beta': betas.join(',') };
}

function bodyOf({ native, maxTokens, isStreamed }: LlmCall): JsonObject {
  const body = native?.body ?? {};
  const messages = Array.isArray(body.messages) ? body.messages.map(withoutSealed) : body.messages;
  return { ...body, messages, max_tokens: maxTokens, stream: isStreamed || undefined };
}

/** Leaves out reasoning that another target sealed: the endpoint would refuse its signature. */
function withoutSealed(message: unknown): unknown {
  if (!isObject(message) || !Array.isArray(message.content)) return message;
  const own = message.content.filter((block) => !isOfOtherTarget(block));
  return own.length === message.content.length ? message : { ...message, content: own };
}

function isOfOtherTarget(block: unknown): boolean {
  if (!isObject(block)) return false;
  const sealed = block.type === 'thinking' ? block.signature : block.type === 'redacted_thinking' ? block.data : '';
  // A thought without a signature is of no use to anybody.
  return typeof sealed === 'string' && (isSealed(sealed) || (block.type === 'thinking' && sealed === ''));
}

function readMessage({ headers, body }: LlmReply, model: string, readMetadata: ReadMetadata): LlmOutcome {
  const message = messageIn(body);
  const { completion: _, ...outcome } = chatOutcome(answerOfMessage(message), model, undefined);
  const { served, provider, costUsd } = readMetadata(headers, message);
  const named = typeof message.model === 'string' && message.model !== '';
  return {
    ...outcome,
    completion: named ? message : { ...message, model },
    bytes: named ? body : undefined,
    served: served ?? outcome.served,
    provider,
    costUsd: highestUsd(costUsd, usageCostUsd(message.usage)),
  };
}

/** Reads the events of a stream, which pass as they are. */
function passing(headers: Readonly<Record<string, string>>, readMetadata: ReadMetadata): ReadEvent {
  const read = createAnthropicReader();
  return (event) => {
    if (event.data === undefined) return { comment: event.raw };
    const delta = read(event);
    // A ping stays in its place.
    if (delta?.comment) return { bytes: event.raw, isPreamble: true };
    // The events with the usage are those in which endpoints tell of themselves.
    const facts = delta?.usage === undefined ? {} : factsIn(event.data, headers, readMetadata);
    return { ...delta, ...facts, bytes: event.raw, isPreamble: saysNothing(delta) };
  };
}

function factsIn(
  data: string,
  headers: Readonly<Record<string, string>>,
  readMetadata: ReadMetadata,
): Pick<AnswerDelta, 'provider' | 'costUsd'> {
  const event = parseJson(data);
  if (!isObject(event)) return {};
  const body = objectAt(event, 'message') ?? event;
  const { provider, costUsd } = readMetadata(headers, body);
  return { provider, costUsd: highestUsd(costUsd, usageCostUsd(body.usage)) };
}

/** Tells of what comes before the first word, while another target can still serve the call. */
const saysNothing = (delta: AnswerDelta | undefined): boolean =>
  delta === undefined ||
  (!delta.text && !delta.thought?.text && delta.finish === undefined && (delta.calls ?? []).length === 0);
