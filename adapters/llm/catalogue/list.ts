// Reads lists of models in the form of OpenAI with the fields that gateways add: OpenRouter's, Vercel's, Bifrost's, Cloudflare's, vLLM's.
// https://openrouter.ai/docs/api/api-reference/models/get-models, https://vercel.com/docs/ai-gateway/sdks-and-apis/rest-api

import { isObject, type JsonObject, objectAt, textAt, valueAt } from '../../../codecs/json/object.ts';
import type { CatalogueModel, CataloguePage } from './contract.ts';
import { priceOf } from './price.ts';

/** Longer names are none: they would be labels, keys and rows. */
const MAX_NAME_CHARS = 200;
const MAX_WORDS = 100;

/** Reads `data`, or the whole body where that is under `models`. Entries without a name are left out. */
export function readList(
  body: JsonObject,
  modelOf: (entry: JsonObject) => CatalogueModel | undefined = listedModel,
): CataloguePage | undefined {
  const entries = Array.isArray(body.data) ? body.data : body.models;
  if (!Array.isArray(entries)) return undefined;
  const models = entries.flatMap((entry) => {
    const model = isObject(entry) ? modelOf(entry) : undefined;
    return model === undefined ? [] : [model];
  });
  return { models, next: nextOf(body) };
}

function listedModel(entry: JsonObject): CatalogueModel | undefined {
  const id = nameAt(entry, 'id');
  if (id === undefined || !isOfWords(entry)) return undefined;
  const top = objectAt(entry, 'top_provider');
  return {
    id,
    owner: nameAt(entry, 'owned_by'),
    createdS: secondsAt(entry, 'created'),
    contextTokens: countAt(entry, 'context_length', 'context_window', 'max_model_len', 'max_input_tokens'),
    maxOutputTokens:
      countAt(top ?? {}, 'max_completion_tokens') ??
      countAt(entry, 'max_output_tokens', 'max_completion_tokens', 'max_tokens'),
    inputModalities: wordsAt(entry, 'architecture', 'input_modalities'),
    outputModalities: wordsAt(entry, 'architecture', 'output_modalities'),
    parameters: wordsAt(entry, 'supported_parameters'),
    price: priceOf(entry),
  };
}

/** Vercel says what kind of model one is; one that makes images, films or ranks takes no calls of ours. */
const isOfWords = ({ type }: JsonObject): boolean =>
  typeof type !== 'string' || !/^(image|video|speech|transcription|reranking)$/.test(type);

/** OpenRouter gives a path, Bifrost a token, Anthropic the id that the next page is after. */
function nextOf(body: JsonObject): string | undefined {
  const link = textAt(body, 'links', 'next');
  if (link !== undefined) return link;
  const token = textAt(body, 'next_page_token');
  if (token) return `?page_token=${encodeURIComponent(token)}`;
  const last = textAt(body, 'last_id');
  return body.has_more === true && last !== undefined ? `?limit=1000&after_id=${encodeURIComponent(last)}` : undefined;
}

export function nameAt(entry: JsonObject, key: string): string | undefined {
  const name = entry[key];
  const isName = typeof name === 'string' && name !== '' && name.length <= MAX_NAME_CHARS && !/[\s\p{Cc}]/u.test(name);
  return isName ? name : undefined;
}

/** The first of the fields that is a count of something. */
export function countAt(entry: JsonObject, ...keys: readonly string[]): number | undefined {
  const found = keys.map((key) => entry[key]).find((value) => Number.isSafeInteger(value) && (value as number) > 0);
  return found as number | undefined;
}

/** The year 2100: what is beyond it is no time in seconds. */
const MAX_SECONDS = 4_102_444_800;

export function secondsAt(entry: JsonObject, key: string): number | undefined {
  const seconds = countAt(entry, key);
  return seconds === undefined || seconds > MAX_SECONDS ? undefined : seconds;
}

function wordsAt(entry: JsonObject, ...path: readonly string[]): readonly string[] | undefined {
  const value = valueAt(entry, path);
  if (!Array.isArray(value)) return undefined;
  return value
    .filter((word): word is string => typeof word === 'string' && /^[\w.-]{1,64}$/.test(word))
    .slice(0, MAX_WORDS);
}
