// The price list of @pydantic/genai-prices as it is shipped; its server is never asked. Rule: an unknown model, or an unknown kind of use, has
// no price.

import { calcPrice, findProvider, type ModelPrice, type PriceOptions } from '@pydantic/genai-prices';
import { llmProfiles } from '../../../adapters/llm/index.ts';
import type { Usage } from '../../../adapters/realtime/contract.ts';
import { providers } from '../../../adapters/realtime/index.ts';

/** USD per million tokens, at least as much as a call can cost. */
export interface Ceiling {
  readonly input: number;
  readonly output: number;
  /** Given where audio has a price of its own. */
  readonly audioInput?: number;
}

/** Totals of tokens, which are at least the sum of their parts, and the parts. */
export type BilledTokens = Required<Omit<Usage, 'cumulative' | 'totalTokens' | 'outputTextTokens' | 'inputTextTokens'>>;

/** `provider` is a realtime provider, or the profile of an LLM gateway. */
interface PriceList {
  /** The cost in USD. */
  cost(model: string, provider: string, counts: BilledTokens): number | undefined;
  ceiling(model: string, provider: string): Ceiling | undefined;
}

/** Prices are kept for so long, since some differ by the hour. The search in the list takes a fifth of the CPU of a call here. */
const FRESH_MS = 60_000;
const MAX_KEPT = 1000;

export function createPriceList(): PriceList {
  const kept = new Map<string, { readonly rates: Rates | undefined; readonly until: number }>();
  function ratesOf(model: string, provider: string): Rates | undefined {
    const name = `${provider}\n${model}`;
    const entry = kept.get(name);
    const now = Date.now();
    if (entry && entry.until > now) return entry.rates;
    const rates = findRates(model, provider);
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(name, { rates, until: now + FRESH_MS });
    return rates;
  }
  return {
    cost: (model, provider, counts) =>
      flatCost(ratesOf(model, provider), counts) ?? listedCost(model, provider, counts),
    ceiling: (model, provider) => ratesOf(model, provider)?.ceiling,
  };
}

/** The names that the list has for realtime providers and LLM profiles. All other profiles are gateways to many vendors. */
const LISTED: ReadonlyMap<string, string> = new Map(
  [
    ...[...providers.values()].map(({ name, billing }) => [name, billing.priceListName] as const),
    ...[...llmProfiles.values()].map(({ name, priceListName }) => [name, priceListName] as const),
  ].flatMap(([name, listed]) => (listed === undefined ? [] : [[name, listed] as const])),
);

interface Lookup {
  readonly model: string;
  readonly options: PriceOptions;
}

/** Looks up `vendor/model` of a gateway as the vendor's own model, where the list knows the vendor. */
function lookupOf(model: string, provider: string): Lookup {
  const name = model.replace(/^models\//, '');
  const listed = LISTED.get(provider);
  if (listed) return { model: name, options: { providerId: listed } };
  const slash = name.indexOf('/');
  const vendor =
    slash > 0 ? findProvider({ providerId: LISTED.get(name.slice(0, slash)) ?? name.slice(0, slash) }) : undefined;
  return vendor ? { model: name.slice(slash + 1), options: { providerId: vendor.id } } : { model: name, options: {} };
}

function listedCost(model: string, provider: string, counts: BilledTokens): number | undefined {
  if (counts.inputTokens + counts.outputTokens === 0) return undefined;
  const { inputTokens, outputTokens, inputAudioTokens, inputImageTokens, outputAudioTokens, cachedTokens } = counts;
  const cachedMedia = Math.max(0, cachedTokens - (inputTokens - inputAudioTokens - inputImageTokens));
  const cachedAudio = Math.min(cachedMedia, inputAudioTokens);
  const { model: name, options } = lookupOf(model, provider);
  const listed = {
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    input_audio_tokens: inputAudioTokens,
    input_image_tokens: inputImageTokens,
    output_audio_tokens: outputAudioTokens,
    cache_read_tokens: cachedTokens,
    cache_audio_read_tokens: cachedAudio,
    cache_image_read_tokens: cachedMedia - cachedAudio,
  };
  try {
    return calcPrice(listed, name, options)?.total_price;
  } catch {
    // The library throws for counts that contradict each other.
    return undefined;
  }
}

interface Rates {
  readonly ceiling: Ceiling;
  /** USD per million text tokens, where they do not depend on the length. */
  readonly flat: { readonly input: number; readonly cached: number; readonly output: number } | undefined;
}

function findRates(model: string, provider: string): Rates | undefined {
  const { model: name, options } = lookupOf(model, provider);
  const price = calcPrice({ input_tokens: 1, output_tokens: 1 }, name, options)?.model_price;
  const [input, output] = [highest(price?.input_mtok), highest(price?.output_mtok)];
  if (price === undefined || input === undefined || output === undefined) return undefined;
  const { input_mtok: text, output_mtok: answer, cache_read_mtok: cached = text } = price;
  const isFlat = typeof text === 'number' && typeof answer === 'number' && typeof cached === 'number';
  const audioInput = highest(price.input_audio_mtok);
  return {
    ceiling: { input, output, ...(audioInput === undefined ? {} : { audioInput }) },
    flat: isFlat ? { input: text, cached, output: answer } : undefined,
  };
}

/** Computes what `calcPrice` would for text, without its search and analysis, which take a fifth of the CPU of a call here. */
function flatCost(rates: Rates | undefined, counts: BilledTokens): number | undefined {
  const { inputTokens, outputTokens, inputAudioTokens, inputImageTokens, outputAudioTokens, cachedTokens } = counts;
  if (!rates?.flat || inputTokens + outputTokens === 0) return undefined;
  if (inputAudioTokens + inputImageTokens + outputAudioTokens > 0) return undefined;
  const { input, cached, output } = rates.flat;
  return ((inputTokens - cachedTokens) * input + cachedTokens * cached + outputTokens * output) / 1e6;
}

/** Takes the dearest tier of a price in tiers by length. */
function highest(price: ModelPrice[string]): number | undefined {
  return typeof price === 'object' ? Math.max(price.base, ...price.tiers.map((tier) => tier.price)) : price;
}
