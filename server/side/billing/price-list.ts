// The price list of @pydantic/genai-prices as it is shipped; its server is never asked. Rule: an unknown model, or an unknown kind of use, has
// no price.

import { calcPrice, findProvider, type ModelPrice, type PriceOptions } from '@pydantic/genai-prices';
import { llmProfiles } from '../../../adapters/llm/index.ts';
import { providers } from '../../../adapters/realtime/index.ts';
import { longestMatchingGlob } from '../../../codecs/text/glob.ts';
import type { PriceConfig } from '../../config/side-schema.ts';

/** USD per million tokens, at least as much as a call can cost. */
export interface Ceiling {
  readonly input: number;
  readonly output: number;
  /** Given where audio has a price of its own. */
  readonly audioInput?: number;
  /** USD per thousand calls, beside their tokens. */
  readonly request?: number;
}

/** `provider` is a realtime provider, or the profile of an LLM gateway. */
export interface PriceList {
  /** The prices by kind, of a request with so many tokens in; only what is listed has a price. */
  prices(model: string, provider: string, inputTokens: number): PriceConfig | undefined;
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
    prices: (model, provider, inputTokens) =>
      declaredPrice(model, provider) ?? ratesOf(model, provider)?.at(inputTokens),
    ceiling: (model, provider) => ratesOf(model, provider)?.ceiling,
  };
}

/** The price that an adapter declares, of what the list does not have. */
function declaredPrice(model: string, provider: string): PriceConfig | undefined {
  const { prices = {} } = providers.get(provider)?.billing ?? {};
  return prices[longestMatchingGlob(Object.keys(prices), [model]) ?? ''];
}

/** USD per million tokens of audio of OpenAI's transcription models, of which the list has the price of text alone. */
const OPENAI_HEARD: readonly (readonly [pattern: RegExp, audioInput: number])[] = [
  [/^gpt-4o-mini-transcribe/, 3],
  [/^gpt-4o-transcribe/, 6],
];

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

interface Rates {
  /** undefined where the model is not priced by tokens. */
  readonly ceiling: Ceiling | undefined;
  at(inputTokens: number): PriceConfig;
}

function findRates(model: string, provider: string): Rates | undefined {
  const { model: name, options } = lookupOf(model, provider);
  if (SEARCHING.test(name)) return undefined;
  const found = calcPrice({ input_tokens: 1, output_tokens: 1 }, name, options);
  if (!found) return undefined;
  const price = found.model_price;
  // The list has free models without any price.
  if (Object.keys(price).length === 0) return { ceiling: { input: 0, output: 0 }, at: () => FREE };
  const [input, output] = [highest(price.input_mtok), highest(price.output_mtok) ?? outputOf(name)];
  const [audioInput, request] = [highest(price.input_audio_mtok), highest(price.requests_kcount)];
  const ceiling = input === undefined || output === undefined ? undefined : { input, output, audioInput, request };
  const listed = found.provider.id;
  const heardAt = listed === 'openai' ? OPENAI_HEARD.find(([pattern]) => pattern.test(name))?.[1] : undefined;
  return { ceiling, at: (inputTokens) => pricesAt(price, { inputTokens, listed, heardAt }) };
}

/** Models that make embeddings have no output, so the list has no price of one. */
const outputOf = (name: string): 0 | undefined => (/embed/.test(name) ? 0 : undefined);

/** Models of OpenAI that search the web for each answer: that is billed beside the tokens, and neither list nor usage has it. */
const SEARCHING = /^gpt-.*-search-(preview|api)/;

const FREE: PriceConfig = { input: 0, output: 0 };

/** Google has one price for text, images and films, and for audio where none is listed, but for models that speak. */
const hasOneInputPrice = (price: ModelPrice, listed: string): boolean =>
  listed === 'google' && price.output_audio_mtok === undefined;

interface PricesAt {
  readonly inputTokens: number;
  /** Name of the provider in the list. */
  readonly listed: string;
  /** USD per million tokens of audio, where the list has none. */
  readonly heardAt: number | undefined;
}

function pricesAt(price: ModelPrice, { inputTokens, listed, heardAt }: PricesAt): PriceConfig {
  const of = (name: string) => tierOf(price[name], inputTokens);
  const isOne = hasOneInputPrice(price, listed);
  const shared = isOne ? of('input_mtok') : undefined;
  const sharedCached = isOne ? of('cache_read_mtok') : undefined;
  const hours = of('audio_hours') ?? of('input_audio_hours');
  return {
    input: of('input_mtok'),
    cachedInput: of('cache_read_mtok'),
    cacheWrite: of('cache_write_mtok'),
    cacheWriteHour: of('cache_write_1h_mtok'),
    audioInput: of('input_audio_mtok') ?? shared ?? heardAt,
    cachedAudioInput: of('cache_audio_read_mtok') ?? (price.input_audio_mtok === undefined ? sharedCached : undefined),
    imageInput: of('input_image_mtok') ?? shared,
    cachedImageInput: of('cache_image_read_mtok') ?? sharedCached,
    output: of('output_mtok'),
    audioOutput: of('output_audio_mtok'),
    imageOutput: of('output_image_mtok'),
    request: of('requests_kcount'),
    webSearch: of('web_searches_kcount'),
    minute: hours === undefined ? undefined : hours / 60,
  };
}

/** The price of a request of this length. */
function tierOf(price: ModelPrice[string], inputTokens: number): number | undefined {
  if (typeof price !== 'object') return price;
  return price.tiers.findLast(({ start }) => inputTokens > start)?.price ?? price.base;
}

/** Takes the dearest tier of a price in tiers by length. */
function highest(price: ModelPrice[string]): number | undefined {
  return typeof price === 'object' ? Math.max(price.base, ...price.tiers.map((tier) => tier.price)) : price;
}
