// Chat completions, the form that most endpoints share: writes requests, reads answers and streams.
// Rule: bytes pass on unchanged, those of a stream in whole events, unless they hide why the answer ended, or name no model.

import { isObject, type JsonObject, objectAt, parseJson, textAt, valueAt } from '../../../codecs/json/object.ts';
import { failIfUnended } from '../chat/answer.ts';
import { reasoningFields, saidIn } from '../chat/message.ts';
import { detailsOf, SEALED } from '../chat/reasoning.ts';
import { sseEvent } from '../chat/server-sent-events.ts';
import { type ReadEvent, wantsUsage } from '../chat/stream.ts';
import { type LlmCall, LlmFailure, type LlmOutcome, type LlmReply, type LlmTarget } from '../contract.ts';
import { failureInBody, failureOfError } from '../failure/failure.ts';
import { completionsUsage, highestUsd, usageCostUsd } from '../usage/usage.ts';
import { endingOf, restated } from './finish.ts';

/** Facts that a gateway reports beside the answer. */
type ResponseMetadata = Partial<Pick<LlmOutcome, 'served' | 'provider' | 'costUsd'>>;
/** Reads these facts from the headers, and from a body or the event of a stream. */
export type ReadMetadata = (headers: Readonly<Record<string, string>>, body: JsonObject) => ResponseMetadata;

/** Models that refuse `max_tokens`, also behind gateways that pass it on as it is. */
const REASONING = /(^|\/)(o[1-9]|gpt-[5-9])/;

/** Gives the reasoning in a message back to the target that it is from. `isRunning`: the model has yet to answer the tools that it called. */
function withOwnReasoning(message: JsonObject, call: LlmCall, isRunning: boolean): JsonObject {
  const { [SEALED]: texts, ...rest } = message;
  return texts === undefined ? message : { ...rest, ...reasoningFields(detailsOf(message, call), isRunning) };
}

function messagesOf(call: LlmCall): readonly JsonObject[] {
  if (call.native === undefined) return call.messages;
  const lastOfUser = call.messages.findLastIndex(({ role }) => role === 'user');
  return call.messages.map((message, at) => withOwnReasoning(message, call, at > lastOfUser));
}

/** Writes the body of a request. The `fields` of the profile come last, so that a client cannot replace them. */
export function completionsBody(call: LlmCall, { model }: LlmTarget, fields: JsonObject = {}): JsonObject {
  const { maxTokens, temperature, schema, isStreamed, extra } = call;
  return {
    ...extra,
    model,
    messages: messagesOf(call),
    [REASONING.test(model) ? 'max_completion_tokens' : 'max_tokens']: maxTokens,
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

/** Reads a whole answer. @throws LlmFailure for an error, an answer that ended in a fault, or an unreadable one. */
export function readCompletion({ headers, body }: LlmReply, model: string, readMetadata: ReadMetadata): LlmOutcome {
  const completion = parseJson(body.toString());
  const failure = failureInBody(completion);
  if (failure) throw failure;
  const choice = valueAt(completion, ['choices', 0]);
  if (!isObject(completion) || !isObject(choice)) throw new LlmFailure('garbled', 'no chat completion in the answer');
  const { served, provider, costUsd } = readMetadata(headers, completion);
  const ending = endingOf(choice);
  const text = textOf(valueAt(choice, ['message', 'content']));
  const outcome = {
    text,
    served: served ?? textAt(completion, 'model'),
    provider,
    usage: completionsUsage(completion.usage),
    costUsd: highestUsd(costUsd, usageCostUsd(completion.usage)),
    finish: ending.finish,
  };
  // Some endpoints never give a reason; what they say stays as it is.
  const isEmpty = ending.finish === undefined && text === '' && !hasOther(objectAt(choice, 'message'));
  if (ending.fault !== undefined || isEmpty) failIfUnended(ending, outcome);
  const own = renamed(restated(completion, ending, model), { body: completion, asked: model, served });
  return own === undefined ? { completion, bytes: body, ...outcome } : { completion: own, ...outcome };
}

interface Naming {
  readonly body: JsonObject;
  readonly asked: string;
  readonly served: string | undefined;
}

/** Names the model that served where the body only repeats the name that was asked for. */
function renamed(own: JsonObject | undefined, { body, asked, served }: Naming): JsonObject | undefined {
  const repeats = served !== undefined && served !== asked && body.model === asked;
  return repeats ? { ...(own ?? body), model: served } : own;
}

/** Tells whether a message holds something else than text. */
function hasOther(message: JsonObject | undefined): boolean {
  const { tool_calls: calls, function_call, refusal, audio } = message ?? {};
  return (Array.isArray(calls) && calls.length > 0) || isObject(function_call) || isObject(audio) || Boolean(refusal);
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
  /** The model that was asked for. */
  readonly model: string;
  readonly readMetadata: ReadMetadata;
}

/** Creates a reader for the chunks of one stream. Comments pass; a usage that only the gateway asked for does not. */
export function createCompletionsReader({ headers, call, model: asked, readMetadata }: StreamOptions): ReadEvent {
  let model: string | undefined;
  return ({ name, raw, data }) => {
    if (data === undefined) return { comment: raw };
    if (data.trim() === '[DONE]') return { isLast: true };
    const chunk = parseJson(data);
    const failure = name === 'error' ? failureOfError(chunk) : failureInBody(chunk);
    if (failure) throw failure;
    if (!isObject(chunk)) throw new LlmFailure('garbled', 'an event that is no chat completion chunk');
    const choice = valueAt(chunk, ['choices', 0]);
    const ending = isObject(choice) ? endingOf(choice) : {};
    const { served, provider, costUsd } = readMetadata(headers, chunk);
    model = served ?? model ?? textAt(chunk, 'model');
    const isUsageOnly = isObject(chunk.usage) && Array.isArray(chunk.choices) && chunk.choices.length === 0;
    const delta = objectAt(isObject(choice) ? choice : {}, 'delta') ?? {};
    const content = delta.content;
    const own = renamed(restated(chunk, ending, asked), { body: chunk, asked, served });
    const said = call.native === undefined ? undefined : saidIn(delta);
    const logprobs = said && valueAt(choice, ['logprobs', 'content']);
    return {
      ...said,
      logprobs: Array.isArray(logprobs) ? logprobs : undefined,
      bytes: isUsageOnly && !wantsUsage(call) ? undefined : own === undefined ? raw : sseEvent(own),
      text: typeof content === 'string' ? content : '',
      otherBytes: said === undefined ? otherBytesIn(delta) : Buffer.byteLength(said.refusal ?? ''),
      isPreamble: ending.finish === undefined && saysNothing(delta),
      served: model,
      provider,
      usage: completionsUsage(chunk.usage),
      costUsd: highestUsd(costUsd, usageCostUsd(chunk.usage)),
      ...ending,
    };
  };
}

/** Tells whether a delta has nothing but the role of who speaks, and fields without a value. */
const saysNothing = ({ role: _, ...rest }: JsonObject): boolean =>
  Object.values(rest).every((value) => !value || (typeof value === 'object' && Object.keys(value).length === 0));

/** Bytes of reasoning, refusals and calls of tools, under whatever name an endpoint has for them. */
function otherBytesIn({ content: _, role: __, tool_calls: tools, function_call: own, ...rest }: JsonObject): number {
  const texts = Object.values(rest).filter((value) => typeof value === 'string');
  const calls = [...(Array.isArray(tools) ? tools : []), { function: own }];
  const called = calls.flatMap((call) => [textAt(call, 'function', 'name'), textAt(call, 'function', 'arguments')]);
  return [...texts, ...called].reduce<number>((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);
}
