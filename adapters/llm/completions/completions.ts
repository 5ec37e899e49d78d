// Chat completions, the form that most endpoints share: writes requests, reads answers and streams.
// Rule: the bytes of a stream pass on unchanged, in whole events.

import { isObject, type JsonObject, objectAt, parseJson, textAt, valueAt } from '../../../codecs/json-object.ts';
import { type ReadEvent, wantsUsage } from '../chat/stream.ts';
import { type LlmCall, LlmFailure, type LlmOutcome, type LlmReply, type LlmTarget } from '../contract.ts';
import { failureInBody } from '../failure.ts';
import { completionsUsage, costUsdOf } from './usage.ts';

/** Facts that a gateway reports beside the answer. */
type ResponseMetadata = Partial<Pick<LlmOutcome, 'served' | 'provider' | 'costUsd'>>;
/** Reads these facts from the headers, and from a body or the event of a stream. */
export type ReadMetadata = (headers: Readonly<Record<string, string>>, body: JsonObject) => ResponseMetadata;

/** Writes the body of a request. The `fields` of the profile come last, so that a client cannot replace them. */
export function completionsBody(call: LlmCall, { model }: LlmTarget, fields: JsonObject = {}): JsonObject {
  const { messages, maxTokens, temperature, schema, isStreamed, extra } = call;
  return {
    ...extra,
    model,
    messages,
    max_tokens: maxTokens,
    temperature,
    ...(schema === undefined ? {} : { response_format: jsonSchemaFormat(schema) }),
    ...(isStreamed
      ? { stream: true, stream_options: { ...objectAt(extra, 'stream_options'), include_usage: true } }
      : {}),
    ...fields,
  };
}

/** Leaves out `strict`, which would allow only a part of JSON Schema. Answers are validated here anyway. */
const jsonSchemaFormat = ({ name, schema }: NonNullable<LlmCall['schema']>) => ({
  type: 'json_schema',
  json_schema: { name: name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64), schema },
});

/** Reads a whole answer. @throws LlmFailure for an error or an unreadable answer. */
export function readCompletion({ headers, body }: LlmReply, readMetadata: ReadMetadata): LlmOutcome {
  const completion = parseJson(body.toString());
  const failure = failureInBody(completion);
  if (failure) throw failure;
  const choice = valueAt(completion, ['choices', 0]);
  if (!isObject(completion) || !isObject(choice)) throw new LlmFailure('garbled', 'no chat completion in the answer');
  const { served, provider, costUsd } = readMetadata(headers, completion);
  return {
    completion,
    bytes: body,
    text: textOf(valueAt(choice, ['message', 'content'])),
    served: served ?? textAt(completion, 'model'),
    provider,
    usage: completionsUsage(completion.usage),
    costUsd: costUsd ?? costUsdOf(valueAt(completion, ['usage', 'cost'])),
    finish: textAt(choice, 'finish_reason'),
  };
}

/** The text of a content, which may be a list of parts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

interface StreamOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly call: LlmCall;
  readonly readMetadata: ReadMetadata;
}

/** Creates a reader for the chunks of one stream. Comments pass after the first chunk; a usage that only the gateway asked for does not. */
export function createCompletionsReader({ headers, call, readMetadata }: StreamOptions): ReadEvent {
  let hasChunks = false;
  let model: string | undefined;
  return ({ raw, data }) => {
    if (data === undefined) return { bytes: hasChunks ? raw : undefined };
    if (data.trim() === '[DONE]') return { isEnd: true };
    const chunk = parseJson(data);
    const failure = failureInBody(chunk);
    if (failure) throw failure;
    if (!isObject(chunk)) throw new LlmFailure('garbled', 'an event that is no chat completion chunk');
    const finish = valueAt(chunk, ['choices', 0, 'finish_reason']);
    if (finish === 'error') throw new LlmFailure('unavailable', 'an error in the middle of the answer');
    hasChunks = true;
    const { served, provider, costUsd } = readMetadata(headers, chunk);
    model = served ?? model ?? textAt(chunk, 'model');
    const isUsageOnly = isObject(chunk.usage) && Array.isArray(chunk.choices) && chunk.choices.length === 0;
    const content = valueAt(chunk, ['choices', 0, 'delta', 'content']);
    return {
      bytes: isUsageOnly && !wantsUsage(call) ? undefined : raw,
      text: typeof content === 'string' ? content : '',
      served: model,
      provider,
      usage: completionsUsage(chunk.usage),
      costUsd: costUsd ?? costUsdOf(valueAt(chunk, ['usage', 'cost'])),
      finish: typeof finish === 'string' ? finish : undefined,
    };
  };
}
