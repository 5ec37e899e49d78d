// Reads answers of Gemini's generateContent, whole and streamed, for chat completions.

import { isObject, type JsonObject, objectAt, parseJson, textAt, valueAt } from '../../../codecs/json/object.ts';
import { IMAGE_MODALITIES, modalityTokens } from '../../realtime/gemini/usage.ts';
import { type AnswerDelta, chatOutcome } from '../chat/answer.ts';
import { type Ending, finishReader } from '../chat/finish.ts';
import { GEMINI_FORMAT } from '../chat/message.ts';
import type { ReadEvent } from '../chat/stream.ts';
import type { ToolCallDelta } from '../chat/tools.ts';
import { LlmFailure, type LlmReply, type LlmUsage } from '../contract.ts';
import { failureInBody } from '../failure/failure.ts';
import { usageOfCounts } from '../usage/usage.ts';

export const GOOGLE = 'google';

export function readGeminiReply({ body }: LlmReply, model: string) {
  return chatOutcome(deltaOf(parseJson(body.toString()), 0), model, GOOGLE);
}

export function createGeminiReader(): ReadEvent {
  let called = 0;
  return ({ data }) => {
    if (data === undefined) return undefined;
    const delta = deltaOf(parseJson(data), called);
    called += delta.calls?.length ?? 0;
    return delta;
  };
}

/**
 * Reads a whole reply or an event of a stream, which have the same form. `called`: number of earlier calls.
 * @throws LlmFailure for an error or an unreadable reply.
 */
function deltaOf(reply: unknown, called: number): AnswerDelta {
  const failure = failureInBody(reply);
  if (failure) throw failure;
  const candidate = valueAt(reply, ['candidates', 0]);
  const blocked = textAt(isObject(reply) ? reply : undefined, 'promptFeedback', 'blockReason');
  if (!isObject(reply) || (!isObject(candidate) && blocked === undefined && !isObject(reply.usageMetadata)))
    throw new LlmFailure('garbled', 'no candidate in the answer');
  const reason = textAt(isObject(candidate) ? candidate : undefined, 'finishReason');
  const parts = partsOf(candidate);
  const id = textAt(reply, 'responseId');
  const callParts = parts.filter(isCall);
  const calls = callParts.map((part, index) => callOf(part, called + index, id));
  const thought = parts.map(thoughtOf).join('');
  return {
    id,
    served: textAt(reply, 'modelVersion'),
    text: parts.map(textOf).join(''),
    thought: thought === '' ? undefined : { text: thought, isSummary: true },
    details: parts.flatMap((part) => signatureOf(part, calls[callParts.indexOf(part)])),
    calls,
    ...(blocked ? { finish: 'content_filter' } : endingOf(reason, called + calls.length > 0)),
    usage: usageOf(objectAt(reply, 'usageMetadata')),
  };
}

function partsOf(candidate: unknown): readonly JsonObject[] {
  const parts = valueAt(candidate, ['content', 'parts']);
  return Array.isArray(parts) ? parts.filter(isObject) : [];
}

/** The text of a part; '' for thoughts, which do not belong to the answer. */
const textOf = (part: JsonObject): string => (part.thought === true ? '' : (textAt(part, 'text') ?? ''));

const thoughtOf = (part: JsonObject): string => (part.thought === true ? (textAt(part, 'text') ?? '') : '');

/** The signature of a part, which goes back with it: with the call, else with the words of the model. */
function signatureOf(part: JsonObject, call: ToolCallDelta | undefined): readonly JsonObject[] {
  const data = textAt(part, 'thoughtSignature');
  return data ? [{ type: 'reasoning.encrypted', data, format: GEMINI_FORMAT, ...(call && { id: call.id }) }] : [];
}

const isCall = (part: JsonObject): boolean => isObject(part.functionCall);

/** Reads a call. Most have no id, so one is made up that differs from answer to answer. */
function callOf(part: JsonObject, index: number, answer = ''): ToolCallDelta {
  return {
    index,
    id: textAt(part, 'functionCall', 'id') ?? `call_${answer.replace(/[^\w-]/g, '')}_${index}`,
    name: textAt(part, 'functionCall', 'name') ?? '',
    input: JSON.stringify(objectAt(part, 'functionCall', 'args') ?? {}),
    signature: textAt(part, 'thoughtSignature'),
  };
}

/**
 * All others are faults: `MALFORMED_FUNCTION_CALL`, `UNEXPECTED_TOOL_CALL`, `TOO_MANY_TOOL_CALLS`, `MALFORMED_RESPONSE`, `OTHER`, ...
 * https://ai.google.dev/api/generate-content#FinishReason; `MODEL_ARMOR` is Vertex's.
 */
export const GEMINI_FINISH = {
  stop: ['stop'],
  length: ['max_tokens'],
  content_filter: [
    ...['safety', 'recitation', 'blocklist', 'prohibited_content', 'spii', 'language', 'model_armor'],
    ...['image_safety', 'image_prohibited_content', 'image_recitation'],
  ],
} as const;

const readReason = finishReader(GEMINI_FINISH);

function endingOf(reason: string | undefined, hasCalls: boolean): Ending {
  const ending = readReason(reason);
  return ending.finish === 'stop' && hasCalls ? { finish: 'tool_calls' } : ending;
}

/** Counts thoughts as output and prompts of tools as input, as they are billed. */
function usageOf(usage: JsonObject | undefined): LlmUsage | undefined {
  const sum = (...names: string[]) => names.reduce((total, name) => total + Math.max(0, Number(usage?.[name] ?? 0)), 0);
  const prompt = [usage?.promptTokensDetails, usage?.toolUsePromptTokensDetails];
  return usageOfCounts(usage, {
    inputTokens: usage?.promptTokenCount === undefined ? undefined : sum('promptTokenCount', 'toolUsePromptTokenCount'),
    outputTokens: usage && sum('candidatesTokenCount', 'thoughtsTokenCount'),
    outputReasoningTokens: usage?.thoughtsTokenCount,
    totalTokens: usage?.totalTokenCount,
    cachedTokens: usage?.cachedContentTokenCount,
    inputAudioTokens: modalityTokens(prompt, ['AUDIO']),
    inputImageTokens: modalityTokens(prompt, IMAGE_MODALITIES),
    cachedAudioTokens: modalityTokens([usage?.cacheTokensDetails], ['AUDIO']),
    cachedImageTokens: modalityTokens([usage?.cacheTokensDetails], IMAGE_MODALITIES),
    outputAudioTokens: modalityTokens([usage?.candidatesTokensDetails], ['AUDIO']),
    outputImageTokens: modalityTokens([usage?.candidatesTokensDetails], IMAGE_MODALITIES),
  });
}
