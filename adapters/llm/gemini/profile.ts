// Gemini's generateContent and streamGenerateContent.
// https://ai.google.dev/api/generate-content, https://ai.google.dev/gemini-api/docs/function-calling, .../structured-output

import type { JsonObject } from '../../../codecs/json/object.ts';
import { readGeminiModels } from '../catalogue/gemini.ts';
import { answerSchemaOf, dialogueOf, renameExtraFields } from '../chat/dialogue.ts';
import { GEMINI_FORMAT } from '../chat/message.ts';
import { translatedStream } from '../chat/stream.ts';
import { type Tools, toolsOf } from '../chat/tools.ts';
import type { ContentPart, FileSource, ImageSource } from '../chat/turns.ts';
import { modelsUrl } from '../completions/profile.ts';
import { type LlmCall, type LlmProfile, unsupported } from '../contract.ts';
import { createGeminiReader, GOOGLE, readGeminiReply } from './answer.ts';
import { geminiEmbeddings } from './embeddings.ts';
import { geminiThinking, isThirdGeneration } from './thinking.ts';

export const geminiProfile: LlmProfile = {
  name: 'gemini',
  priceListName: 'google',
  path: 'direct',
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  provider: () => GOOGLE,
  catalogue: {
    requests: (target) => [{ url: `${modelsUrl(target)}?pageSize=1000`, headers: { 'x-goog-api-key': target.apiKey } }],
    read: readGeminiModels,
  },
  native: { embeddings: geminiEmbeddings },
  toRequest: (call, { baseUrl, apiKey, model }) => ({
    url: `${baseUrl.replace(/\/+$/, '')}/models/${encodeURIComponent(model.replace(/^models\//, ''))}:${methodOf(call)}`,
    headers: { 'content-type': 'application/json', 'x-goog-api-key': apiKey },
    body: JSON.stringify(bodyOf(call, model)),
  }),
  readReply: readGeminiReply,
  readStream: (_, call, model) => translatedStream(createGeminiReader(), { call, model, provider: GOOGLE }),
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

function bodyOf(call: LlmCall, model: string): JsonObject {
  const { system, turns } = dialogueOf(call, { mayEndOpen: false });
  const [schema, tools] = [answerSchemaOf(call), toolsOf(call)];
  if (schema !== undefined && tools !== undefined && !isThirdGeneration(model))
    throw unsupported('tools beside a response_format with a schema', 'response_format');
  return {
    systemInstruction: system === undefined ? undefined : { parts: [{ text: system }] },
    contents: turns.map(({ role, parts }) => {
      const firstCall = parts.find(({ kind }) => kind === 'call');
      const contentParts = parts.flatMap((part) => partsJson(part, part === firstCall));
      return { role: role === 'assistant' ? 'model' : 'user', parts: contentParts };
    }),
    ...(tools && toolFields(tools)),
    generationConfig: {
      ...renameExtraFields(call.extra, NAMES),
      maxOutputTokens: call.maxTokens,
      temperature: call.temperature,
      responseMimeType: schema && 'application/json',
      // `responseSchema` knows only a part of OpenAPI's schemas; this one takes JSON Schema.
      responseJsonSchema: schema,
      ...geminiThinking(call, model),
    },
  };
}

/** The signature for a call whose own was lost: newer models refuse a turn whose first call has none. */
const LOST_SIGNATURE = 'skip_thought_signature_validator';

function partsJson(part: ContentPart, isFirstCall: boolean): readonly JsonObject[] {
  switch (part.kind) {
    case 'text':
      return [{ text: part.text }];
    case 'image':
      return [{ inlineData: inlineOf(part.image) }];
    case 'file':
      return [{ inlineData: fileJson(part.file) }];
    case 'reasoning':
      return part.details.flatMap(signedText);
    case 'call': {
      const { name, input, signature = isFirstCall ? LOST_SIGNATURE : undefined } = part.call;
      return [{ functionCall: { name, args: input }, thoughtSignature: signature || undefined }];
    }
    case 'result':
      return [{ functionResponse: { name: part.name, response: { result: part.text } } }];
  }
}

/** A signature that came with text goes back with an empty one. https://ai.google.dev/gemini-api/docs/thought-signatures */
const signedText = ({ format, data, id }: JsonObject): readonly JsonObject[] =>
  format === GEMINI_FORMAT && id === undefined ? [{ text: '', thoughtSignature: data }] : [];

const FILES = /^(?:application\/pdf|text\/.+|application\/json|audio\/(?:wav|mp3|mpeg|aiff|aac|ogg|flac))$/;

function fileJson({ mediaType, data }: FileSource): JsonObject {
  if (!FILES.test(mediaType)) throw unsupported(`files of the type ${mediaType}`);
  return { mimeType: mediaType, data };
}

const IMAGES = ['image/jpeg', 'image/png', 'image/webp', 'image/heic', 'image/heif'];

/** Inline data. An image behind a URL is refused: not every model fetches it, and none without its type. */
function inlineOf(image: ImageSource): JsonObject {
  if (image.mediaType === undefined) throw unsupported('images behind a URL');
  if (!IMAGES.includes(image.mediaType)) throw unsupported('images of this type');
  return { mimeType: image.mediaType, data: image.data };
}

function toolFields(tools: Tools): JsonObject {
  if (!tools.isParallel) throw unsupported('parallel_tool_calls: false');
  // `parameters` knows only a part of OpenAPI's schemas.
  const functionDeclarations = tools.list.map(({ name, description, schema: parametersJsonSchema }) => {
    return { name, description, parametersJsonSchema };
  });
  return { tools: [{ functionDeclarations }], toolConfig: { functionCallingConfig: modeOf(tools) } };
}

/** The calling mode. `ANY` holds calls to their schemas; for a free choice `VALIDATED` does. */
function modeOf({ choice, list }: Tools): JsonObject {
  if (choice === 'none') return { mode: 'NONE' };
  if (choice === 'required') return { mode: 'ANY' };
  if (choice !== 'auto') return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  return { mode: list.some(({ isStrict }) => isStrict) ? 'VALIDATED' : 'AUTO' };
}
