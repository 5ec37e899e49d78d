// Chat completions, the form that most endpoints share: how a request is written, how an answer and a stream are read.
// Streams pass on as the bytes that they are, whole events at a time.

import { isObject, type JsonObject, objectAt, parseJson, textAt, valueAt } from '../../../codecs/json-object.ts';
import {
  type LlmCall,
  LlmFailure,
  type LlmOutcome,
  type LlmReply,
  type LlmStream,
  type LlmTarget,
} from '../contract.ts';
import { failureInBody } from '../failure.ts';
import { createSseReader, type ServerSentEvent, sseEvent } from '../server-sent-events.ts';
import { completionsUsage, costUsdOf } from './usage.ts';

/** What a gateway says beside the answer. */
export type ResponseMetadata = Partial<Pick<LlmOutcome, 'served' | 'provider' | 'costUsd'>>;
/** Reads it from the headers, and from a body or the event of a stream. */
export type ReadMetadata = (headers: Readonly<Record<string, string>>, body: JsonObject) => ResponseMetadata;

/** The body of a request; `fields` of the profile come last, so that nothing of the client's can replace them. */
export function completionsBody(call: LlmCall, { model }: LlmTarget, fields: JsonObject = {}): JsonObject {
  const { messages, maxTokens, temperature, schema, isStreamed, extra } = call;
  return {
    ...extra,
    model,
    messages,
    max_tokens: maxTokens,
    ...(temperature === undefined ? {} : { temperature }),
    ...(schema === undefined ? {} : { response_format: jsonSchemaFormat(schema) }),
    ...(isStreamed
      ? { stream: true, stream_options: { ...objectAt(extra, 'stream_options'), include_usage: true } }
      : {}),
    ...fields,
  };
}

/** Not `strict`: that would allow only a part of JSON Schema, and answers are validated here anyway. */
const jsonSchemaFormat = ({ name, schema }: NonNullable<LlmCall['schema']>) => ({
  type: 'json_schema',
  json_schema: { name: name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64), schema },
});

/** A whole answer. Throws an LlmFailure for one that is none. */
export function readCompletion({ headers, body }: LlmReply, readBeside: ReadMetadata): LlmOutcome {
  const completion = parseJson(body.toString());
  const failure = failureInBody(completion);
  if (failure) throw failure;
  const choice = valueAt(completion, ['choices', 0]);
  if (!isObject(completion) || !isObject(choice)) throw new LlmFailure('garbled', 'no chat completion in the answer');
  const { served, provider, costUsd } = readBeside(headers, completion);
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

/** Content is a text, or parts of which some are text. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

export interface StreamOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly call: LlmCall;
  readonly readBeside: ReadMetadata;
}

/** Reads a stream of chat completion chunks while it passes. */
export function completionsStream({ headers, call, readBeside }: StreamOptions): LlmStream {
  const reader = createSseReader();
  const wantsUsage = objectAt(call.extra, 'stream_options')?.include_usage === true;
  const found: { -readonly [Name in keyof Omit<LlmOutcome, 'completion'>]: LlmOutcome[Name] } = {
    text: '',
    served: undefined,
    provider: undefined,
    usage: undefined,
    costUsd: undefined,
    finish: undefined,
  };
  let isDone = false;
  let hasChunks = false;

  /** The bytes for the client; undefined for what was asked for on our own account. */
  function pass({ raw, data }: ServerSentEvent): Buffer | undefined {
    if (data === undefined) return hasChunks ? raw : undefined;
    if (data.trim() === '[DONE]') {
      isDone = true;
      return undefined;
    }
    const chunk = parseJson(data);
    const failure = failureInBody(chunk);
    if (failure) throw failure;
    if (!isObject(chunk)) throw new LlmFailure('garbled', 'an event that is no chat completion chunk');
    hasChunks = true;
    note(chunk);
    const isUsageOnly = isObject(chunk.usage) && Array.isArray(chunk.choices) && chunk.choices.length === 0;
    return isUsageOnly && !wantsUsage ? undefined : raw;
  }

  function note(chunk: JsonObject): void {
    const beside = readBeside(headers, chunk);
    found.served = beside.served ?? found.served ?? textAt(chunk, 'model');
    found.provider = beside.provider ?? found.provider;
    found.costUsd = beside.costUsd ?? costUsdOf(valueAt(chunk, ['usage', 'cost'])) ?? found.costUsd;
    found.usage = completionsUsage(chunk.usage) ?? found.usage;
    const choice = valueAt(chunk, ['choices', 0]);
    if (!isObject(choice)) return;
    found.finish = textAt(choice, 'finish_reason') ?? found.finish;
    if (choice.finish_reason === 'error') throw new LlmFailure('unavailable', 'an error in the middle of the answer');
    const content = valueAt(choice, ['delta', 'content']);
    if (typeof content === 'string') found.text += content;
  }

  const passAll = (events: readonly ServerSentEvent[]): Buffer => {
    const passed = events.map(pass).filter((bytes) => bytes !== undefined);
    return passed.length === 1 ? (passed[0] as Buffer) : Buffer.concat(passed);
  };
  return {
    served: () => found.served,
    push: (chunk) => passAll(reader.push(chunk)),
    end() {
      const rest = passAll(reader.end());
      const isComplete = isDone || found.finish !== undefined;
      return { rest: isComplete ? Buffer.concat([rest, sseEvent('[DONE]')]) : rest, outcome: found, isComplete };
    },
  };
}
