// The facts of a listed model: context, modalities, prices and classes, under the names that clients of OpenRouter read, beside OpenAI's own.

import type { CatalogueModel } from '../../../../adapters/llm/contract.ts';
import type { PriceConfig } from '../../../config/side-schema.ts';
import type { ListedPrice } from '../../billing/prices.ts';
import type { ListedModel, NamedModel } from '../../runs/call/model-names.ts';
import type { SideHttpOptions } from '../handler.ts';

export interface ShownModel {
  readonly id: string;
  readonly owner: string;
  /** Classes of the caller that may use it. */
  readonly classes?: readonly string[] | undefined;
  readonly facts?: CatalogueModel | undefined;
  readonly listed?: ListedPrice | undefined;
}

/** A class has no facts, since it chooses the model. */
export function factsOf(
  id: string,
  meaning: NamedModel & Partial<Pick<ListedModel, 'classes'>>,
  { catalogues, prices, config }: Pick<SideHttpOptions, 'catalogues' | 'prices' | 'config'>,
): ShownModel {
  const { gateway, classes = [meaning.promptClass] } = meaning;
  const shown = { id, owner: gateway, classes };
  if (meaning.model === undefined) return shown;
  const model = bareName(meaning.model, gateway);
  const models = catalogues?.of(gateway)?.models;
  const { priceAs = model } =
    config.classes[meaning.promptClass]?.targets.find(
      (target) => target.gateway === gateway && target.model === model,
    ) ?? {};
  const profile = config.gateways[gateway]?.profile ?? '';
  const listed = prices?.with((name) => models?.get(name)?.price).listed(priceAs, profile);
  return { ...shown, facts: models?.get(model) ?? models?.get(meaning.model), listed };
}

/** The model of `<gateway>/<model>`, as which one may be named. */
const bareName = (model: string, gateway: string): string =>
  model.startsWith(`${gateway}/`) ? model.slice(gateway.length + 1) : model;

/** https://platform.openai.com/docs/api-reference/models/object, https://openrouter.ai/docs/api/api-reference/models/get-models */
export const modelJson = ({ id, owner, classes, facts, listed }: ShownModel) => ({
  ...{ id, object: 'model', created: facts?.createdS ?? 0, owned_by: owner },
  context_length: facts?.contextTokens,
  max_completion_tokens: facts?.maxOutputTokens,
  architecture: facts?.inputModalities && {
    input_modalities: facts.inputModalities,
    output_modalities: facts.outputModalities,
  },
  supported_parameters: facts?.parameters,
  ...(listed && { pricing: pricingJson(listed.price), pricing_source: listed.source }),
  classes,
});

/** USD per token, per call and per search, as text. */
function pricingJson({ input, output, cachedInput, cacheWrite, audioInput, request, webSearch }: PriceConfig) {
  return {
    prompt: perUnit(input, 1e6),
    completion: perUnit(output, 1e6),
    input_cache_read: perUnit(cachedInput, 1e6),
    input_cache_write: perUnit(cacheWrite, 1e6),
    audio: perUnit(audioInput, 1e6),
    request: perUnit(request, 1000),
    web_search: perUnit(webSearch, 1000),
  };
}

/** A price of many as that of one, without an exponent, which not all that read it know. */
const perUnit = (usd: number | undefined, many: number): string | undefined =>
  usd === undefined ? undefined : (usd / many).toFixed(15).replace(/\.?0+$/, '');

/** https://docs.anthropic.com/en/api/models: what is not known is null, and a day that is not known is the first of the epoch. */
export const anthropicModelJson = ({ id, facts }: ShownModel) => ({
  ...{ type: 'model', id, display_name: id, created_at: dayOf(facts?.createdS), lifecycle: 'active' },
  ...{ deprecated_at: null, retires_at: null, line: null, capabilities: null },
  max_input_tokens: facts?.contextTokens ?? null,
  max_tokens: facts?.maxOutputTokens ?? null,
});

const dayOf = (createdS = 0): string => new Date(createdS * 1000).toISOString().replace('.000Z', 'Z');
