// Chat completions, the form that most endpoints share: writes requests, reads answers and streams.
// Rule: the bytes of a stream pass on unchanged, in whole events.

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
import { type ServerSentEvent, ServerSentEventReader, sseEvent } from '../server-sent-events.ts';
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
    ...(temperature === undefined ? {} : { temperature }),
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

type StreamOutcome = { -readonly [Name in keyof Omit<LlmOutcome, 'completion'>]: LlmOutcome[Name] };

/** A stream of chat completion chunks, which is read while its bytes pass. */
export class CompletionsStream implements LlmStream {
  readonly #options: StreamOptions;
  readonly #events = new ServerSentEventReader();
  readonly #wantsUsage: boolean;
  readonly #outcome: StreamOutcome = {
    text: '',
    served: undefined,
    provider: undefined,
    usage: undefined,
    costUsd: undefined,
    finish: undefined,
  };
  #isDone = false;
  #hasChunks = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#wantsUsage = objectAt(options.call.extra, 'stream_options')?.include_usage === true;
  }

  served(): string | undefined {
    return this.#outcome.served;
  }

  push(chunk: Buffer): Buffer {
    return this.#pass(this.#events.push(chunk));
  }

  end() {
    const rest = this.#pass(this.#events.end());
    const isComplete = this.#isDone || this.#outcome.finish !== undefined;
    return { rest: isComplete ? Buffer.concat([rest, sseEvent('[DONE]')]) : rest, outcome: this.#outcome, isComplete };
  }

  #pass(events: readonly ServerSentEvent[]): Buffer {
    const passed = events.map((event) => this.#passEvent(event)).filter((bytes) => bytes !== undefined);
    return passed.length === 1 ? (passed[0] as Buffer) : Buffer.concat(passed);
  }

  /** Returns the bytes for the client; undefined for an event that only the gateway asked for. */
  #passEvent({ raw, data }: ServerSentEvent): Buffer | undefined {
    if (data === undefined) return this.#hasChunks ? raw : undefined;
    if (data.trim() === '[DONE]') {
      this.#isDone = true;
      return undefined;
    }
    const chunk = parseJson(data);
    const failure = failureInBody(chunk);
    if (failure) throw failure;
    if (!isObject(chunk)) throw new LlmFailure('garbled', 'an event that is no chat completion chunk');
    this.#hasChunks = true;
    this.#read(chunk);
    const isUsageOnly = isObject(chunk.usage) && Array.isArray(chunk.choices) && chunk.choices.length === 0;
    return isUsageOnly && !this.#wantsUsage ? undefined : raw;
  }

  #read(chunk: JsonObject): void {
    const outcome = this.#outcome;
    const { served, provider, costUsd } = this.#options.readMetadata(this.#options.headers, chunk);
    outcome.served = served ?? outcome.served ?? textAt(chunk, 'model');
    outcome.provider = provider ?? outcome.provider;
    outcome.costUsd = costUsd ?? costUsdOf(valueAt(chunk, ['usage', 'cost'])) ?? outcome.costUsd;
    outcome.usage = completionsUsage(chunk.usage) ?? outcome.usage;
    const choice = valueAt(chunk, ['choices', 0]);
    if (!isObject(choice)) return;
    outcome.finish = textAt(choice, 'finish_reason') ?? outcome.finish;
    if (choice.finish_reason === 'error') throw new LlmFailure('unavailable', 'an error in the middle of the answer');
    const content = valueAt(choice, ['delta', 'content']);
    if (typeof content === 'string') outcome.text += content;
  }
}
