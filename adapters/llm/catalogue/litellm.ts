// Reads LiteLLM's `/model/info`: one entry for each deployment, several of which may share a name.
// https://docs.litellm.ai/docs/proxy/model_management

import { type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import type { CatalogueModel, CataloguePage, CataloguePrice } from './contract.ts';
import { countAt, nameAt, readList, secondsAt } from './list.ts';
import { perTokens } from './price.ts';

/** Reads either form: `/models` has names alone. */
export function readModelInfo(body: JsonObject): CataloguePage | undefined {
  const page = readList(body, (entry) => (entry.model_name === undefined ? bare(entry) : deployed(entry)));
  return page && { ...page, models: merged(page.models) };
}

function bare(entry: JsonObject): CatalogueModel | undefined {
  const id = nameAt(entry, 'id');
  return id === undefined ? undefined : { id, owner: nameAt(entry, 'owned_by'), createdS: secondsAt(entry, 'created') };
}

/** Modes that answer none of the calls that are made here. */
const OTHER_MODES = /^(image_|audio_|rerank|video_|search|ocr)/;

function deployed(entry: JsonObject): CatalogueModel | undefined {
  const id = nameAt(entry, 'model_name');
  const info = objectAt(entry, 'model_info') ?? {};
  const isOther = typeof info.mode === 'string' && OTHER_MODES.test(info.mode);
  // A name with a pattern stands for models that only LiteLLM knows.
  if (id === undefined || id.includes('*') || isOther) return undefined;
  return {
    id,
    owner: nameAt(info, 'litellm_provider'),
    contextTokens: countAt(info, 'max_input_tokens', 'max_tokens'),
    maxOutputTokens: countAt(info, 'max_output_tokens'),
    inputModalities: modalities(info, {
      image: 'supports_vision',
      audio: 'supports_audio_input',
      file: 'supports_pdf_input',
    }),
    outputModalities: modalities(info, { audio: 'supports_audio_output' }),
    parameters: Array.isArray(info.supported_openai_params)
      ? info.supported_openai_params.filter((name): name is string => typeof name === 'string').slice(0, 100)
      : undefined,
    price: deployedPrice(info),
  };
}

function modalities(info: JsonObject, names: Readonly<Record<string, string>>): readonly string[] {
  return ['text', ...Object.entries(names).flatMap(([name, key]) => (info[key] === true ? [name] : []))];
}

/** LiteLLM writes 0 for a price that it does not know. */
function deployedPrice(info: JsonObject): CataloguePrice | undefined {
  const each = (name: string) => [info[name], info[`${name}_above_128k_tokens`], info[`${name}_above_200k_tokens`]];
  const price = perTokens({
    input: each('input_cost_per_token'),
    output: each('output_cost_per_token'),
    cachedInput: each('cache_read_input_token_cost'),
    cacheWrite: each('cache_creation_input_token_cost'),
    audioInput: [info.input_cost_per_audio_token],
    audioOutput: [info.output_cost_per_audio_token],
  });
  return price === undefined || (price.input === 0 && price.output === 0) ? undefined : price;
}

/** Joins the deployments of a name: the dearest price, which is none where one of them has none, and the shortest context. */
function merged(models: readonly CatalogueModel[]): readonly CatalogueModel[] {
  const byName = new Map<string, CatalogueModel>();
  for (const model of models) {
    const other = byName.get(model.id);
    byName.set(model.id, other === undefined ? model : joined(other, model));
  }
  return [...byName.values()];
}

const joined = (one: CatalogueModel, other: CatalogueModel): CatalogueModel => ({
  ...one,
  owner: one.owner === other.owner ? one.owner : undefined,
  contextTokens: least(one.contextTokens, other.contextTokens),
  maxOutputTokens: least(one.maxOutputTokens, other.maxOutputTokens),
  inputModalities: one.inputModalities?.filter((name) => other.inputModalities?.includes(name)),
  outputModalities: one.outputModalities?.filter((name) => other.outputModalities?.includes(name)),
  parameters: one.parameters?.filter((name) => other.parameters?.includes(name)),
  price: one.price && other.price && dearest(one.price, other.price),
});

const least = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);

/** A kind that one of them has no price of its own for is left out. */
function dearest(one: CataloguePrice, other: CataloguePrice): CataloguePrice {
  const { input, output, ...more } = one;
  const names = (Object.keys(more) as (keyof typeof more)[]).filter((name) => other[name] !== undefined);
  const highest = names.map((name) => [name, Math.max(one[name] ?? 0, other[name] ?? 0)]);
  return {
    input: Math.max(input, other.input),
    output: Math.max(output, other.output),
    ...Object.fromEntries(highest),
  };
}
