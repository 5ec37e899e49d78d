// Gemini's generateContent and streamGenerateContent, under a contract.
// https://ai.google.dev/api/generate-content

import type { Usage } from '../adapter.ts';
import { isObject, type JsonObject, objectAt, parseJson, textAt, valueAt } from '../event.ts';
import { outcomeOf, type Step, translatedStream } from './chat-answer.ts';
import { dialogueOf, renamedExtra, schemaOf } from './chat-request.ts';
import { faultInside, faultOfReply } from './fault.ts';
import { type LlmCall, LlmFault, type LlmProfile, type LlmReply } from './llm.ts';
import { counted } from './openai-usage.ts';
import type { ServerSentEvent } from './server-sent-events.ts';

const provider = 'google';

export const gemini: LlmProfile = {
  name: 'gemini',
  path: 'direct',
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  provider: () => provider,
  toRequest: (call, { baseUrl, apiKey, model }) => ({
    url: `${baseUrl.replace(/\/+$/, '')}/models/${encodeURIComponent(model.replace(/^models\//, ''))}:${methodOf(call)}`,
    headers: { 'content-type': 'application/json', 'x-goog-api-key': apiKey },
    body: JSON.stringify(bodyOf(call)),
  }),
  readReply,
  readStream: (_, call) => translatedStream({ call, provider, read: readEvent }),
  fault: faultOfReply,
};

const methodOf = ({ isStreamed }: LlmCall) => (isStreamed ? 'streamGenerateContent?alt=sse' : 'generateContent');

const NAMES = {
  stop: 'stopSequences',
  top_p: 'topP',
  top_k: 'topK',
  seed: 'seed',
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
};

function bodyOf(call: LlmCall): JsonObject {
  const { system, turns } = dialogueOf(call);
  const schema = schemaOf(call);
  return {
    ...(system === undefined ? {} : { systemInstruction: { parts: [{ text: system }] } }),
    contents: turns.map(({ role, text }) => ({ role: role === 'assistant' ? 'model' : 'user', parts: [{ text }] })),
    generationConfig: {
      ...renamedExtra(call.extra, NAMES),
      maxOutputTokens: call.maxTokens,
      ...(call.temperature === undefined ? {} : { temperature: call.temperature }),
      // `responseSchema` knows only a part of OpenAPI's schemas; this one takes JSON Schema.
      ...(schema === undefined ? {} : { responseMimeType: 'application/json', responseJsonSchema: schema }),
    },
  };
}

function readReply({ body }: LlmReply) {
  const reply = parseJson(body.toString());
  const { id = '', served, text = '', finish, usage } = stepOf(reply);
  return outcomeOf({ id, served, text, finish, usage, provider });
}

function readEvent({ data }: ServerSentEvent): Step | undefined {
  return data === undefined ? undefined : stepOf(parseJson(data));
}

/** A whole reply and an event of a stream have the same form. Throws an LlmFault for what is neither. */
function stepOf(reply: unknown): Step {
  const fault = faultInside(reply);
  if (fault) throw fault;
  const candidate = valueAt(reply, ['candidates', 0]);
  const blocked = textAt(isObject(reply) ? reply : undefined, 'promptFeedback', 'blockReason');
  if (!isObject(reply) || (!isObject(candidate) && blocked === undefined && !isObject(reply.usageMetadata)))
    throw new LlmFault('garbled', 'no candidate in the answer');
  const reason = textAt(isObject(candidate) ? candidate : undefined, 'finishReason');
  return {
    id: textAt(reply, 'responseId'),
    served: textAt(reply, 'modelVersion'),
    text: textOf(candidate),
    finish: blocked ? 'content_filter' : reason && (FINISH[reason] ?? 'stop'),
    usage: usageOf(objectAt(reply, 'usageMetadata')),
  };
}

/** Thoughts are no part of the answer. */
function textOf(candidate: unknown): string {
  const parts = valueAt(candidate, ['content', 'parts']);
  if (!Array.isArray(parts)) return '';
  return parts.map((part) => (isObject(part) && part.thought !== true ? (textAt(part, 'text') ?? '') : '')).join('');
}

const FINISH: Readonly<Record<string, string>> = {
  MAX_TOKENS: 'length',
  ...Object.fromEntries(
    ['SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII'].map((reason) => [reason, 'content_filter']),
  ),
};

/** Thoughts are billed as output. */
function usageOf(usage: JsonObject | undefined): Usage | undefined {
  const output = Number(usage?.candidatesTokenCount ?? 0) + Number(usage?.thoughtsTokenCount ?? 0);
  return counted({
    inputTokens: usage?.promptTokenCount,
    outputTokens: usage && output,
    totalTokens: usage?.totalTokenCount,
    cachedTokens: usage?.cachedContentTokenCount,
    inputAudioTokens: tokensOf(usage?.promptTokensDetails, 'AUDIO'),
    inputImageTokens: tokensOf(usage?.promptTokensDetails, 'IMAGE'),
  });
}

function tokensOf(details: unknown, modality: string): unknown {
  const found = Array.isArray(details) ? details.find((one) => isObject(one) && one.modality === modality) : undefined;
  return isObject(found) ? found.tokenCount : undefined;
}
