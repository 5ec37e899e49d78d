// Reads Gemini's list of models, whose names are paths, and which has pages by a token.
// https://ai.google.dev/api/models

import { type JsonObject, textAt } from '../../../codecs/json/object.ts';
import type { CatalogueModel, CataloguePage } from './contract.ts';
import { countAt, nameAt, readList } from './list.ts';

export function readGeminiModels(body: JsonObject): CataloguePage | undefined {
  const page = readList(body, geminiModel);
  const token = textAt(body, 'nextPageToken');
  return page && { ...page, next: token ? `?pageSize=1000&pageToken=${encodeURIComponent(token)}` : undefined };
}

function geminiModel(entry: JsonObject): CatalogueModel | undefined {
  const id = nameAt(entry, 'name')?.replace(/^models\//, '');
  const methods = entry.supportedGenerationMethods;
  const isCalled =
    !Array.isArray(methods) || methods.some((one) => /^(generateContent|embedContent)$/.test(String(one)));
  if (id === undefined || !isCalled) return undefined;
  return {
    id,
    owner: 'google',
    contextTokens: countAt(entry, 'inputTokenLimit'),
    maxOutputTokens: countAt(entry, 'outputTokenLimit'),
  };
}
