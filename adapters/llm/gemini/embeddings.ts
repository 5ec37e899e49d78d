// Embeddings of Gemini, in OpenAI's form. https://ai.google.dev/api/embeddings#method:-models.batchembedcontents

import { isObject, type JsonObject, objectAt, parseJson } from '../../../codecs/json/object.ts';
import { encodeFloats } from '../../../codecs/text/base64.ts';
import { type LlmCall, LlmFailure, type LlmOutcome, type LlmTarget, type NativeApi, unsupported } from '../contract.ts';
import { failureInBody } from '../failure/failure.ts';
import { usageOfCounts } from '../usage/usage.ts';
import { GOOGLE } from './answer.ts';

export const geminiEmbeddings: NativeApi = {
  toRequest: (call, { baseUrl, apiKey, model }: LlmTarget) => {
    const name = model.replace(/^models\//, '');
    return {
      url: `${baseUrl.replace(/\/+$/, '')}/models/${encodeURIComponent(name)}:batchEmbedContents`,
      headers: { 'content-type': 'application/json', 'x-goog-api-key': apiKey },
      body: JSON.stringify({ requests: requestsOf(call, `models/${name}`) }),
    };
  },
  readReply: ({ body }, model, call): LlmOutcome => {
    const reply = parseJson(body.toString());
    const failure = failureInBody(reply);
    if (failure) throw failure;
    if (!isObject(reply) || !Array.isArray(reply.embeddings))
      throw new LlmFailure('garbled', 'no embeddings in the answer');
    const isBase64 = call?.native?.body.encoding_format === 'base64';
    const data = reply.embeddings.map((one, index) => {
      const values = isObject(one) && Array.isArray(one.values) ? one.values.map(Number) : [];
      return { object: 'embedding', index, embedding: isBase64 ? encodeFloats(values) : values };
    });
    const count = objectAt(reply, 'usageMetadata')?.promptTokenCount;
    const usage = count === undefined ? undefined : usageOfCounts({}, { inputTokens: count, outputTokens: 0 });
    const told = usage?.inputTokens ?? 0;
    const completion = { object: 'list', data, model, usage: { prompt_tokens: told, total_tokens: told } };
    return { completion, text: '', served: undefined, provider: GOOGLE, usage, costUsd: undefined, finish: 'stop' };
  },
  readStream: () => {
    throw new LlmFailure('garbled', 'a stream where there is none');
  },
};

function requestsOf({ native }: LlmCall, model: string): readonly JsonObject[] {
  const { input, dimensions } = native?.body ?? {};
  const texts = Array.isArray(input) ? input : [input];
  return texts.map((text) => {
    // Numbers of tokens are those of a tokenizer of OpenAI.
    if (typeof text !== 'string') throw unsupported('an input of tokens', 'input');
    return { model, content: { parts: [{ text }] }, outputDimensionality: dimensions };
  });
}
