// What usage costs, in whole micro-USD: the prices of the configuration, else those of @pydantic/genai-prices as shipped (it never asks
// its server). A price that is not known is undefined, never zero.

import { calcPrice, findProvider, type ModelPrice, type PriceOptions } from '@pydantic/genai-prices';
import { llmProfiles } from '../../../adapters/llm/index.ts';
import type { Usage } from '../../../adapters/realtime/contract.ts';
import { providers } from '../../../adapters/realtime/index.ts';
import { longestMatchingGlob } from '../../../codecs/glob.ts';
import type { PriceConfig, SideConfig } from '../../config/side-schema.ts';

/** USD per million tokens; never below what a call can cost. */
export interface Ceiling {
  readonly input: number;
  readonly output: number;
  /** Where audio has a price of its own. */
  readonly audioInput?: number;
}

export interface Prices {
  /** `provider`: a realtime provider, or the profile of an LLM gateway. Whole micro-USD, at least 1 where it is not free. */
  estimate(model: string, provider: string, usage: Usage): number | undefined;
  /** The most that tokens of this model cost. */
  ceiling(model: string, provider: string): Ceiling | undefined;
  /** What the configuration says of text tokens, and nothing else. */
  configured(model: string, provider: string): Ceiling | undefined;
}

/** How long a looked-up price holds: some differ by the hour. */
const FRESH_MS = 60_000;
const MAX_REMEMBERED = 1000;

export function createPrices(config: SideConfig['prices']): Prices {
  const remembered = new Map<string, { readonly rates: Rates | undefined; readonly until: number }>();
  const patterns = Object.keys(config);
  const own = (model: string, provider: string): PriceConfig | undefined =>
    config[longestMatchingGlob(patterns, [model, `${provider}/${model}`]) ?? ''];

  const configured = (model: string, provider: string): Ceiling | undefined => {
    const price = own(model, provider);
    return price?.input === undefined || price.output === undefined
      ? undefined
      : { input: price.input, output: price.output };
  };
  function rates(model: string, provider: string): Rates | undefined {
    const name = `${provider}\n${model}`;
    const known = remembered.get(name);
    const now = Date.now();
    if (known && known.until > now) return known.rates;
    const found = listedRates(model, provider);
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(name, { rates: found, until: now + FRESH_MS });
    return found;
  }
  return {
    configured,
    estimate(model, provider, usage) {
      const counts = countsOf(usage);
      if (!counts) return undefined;
      const price = own(model, provider);
      const usd = price
        ? ownCost(price, counts)
        : (flatCost(rates(model, provider), counts) ?? listedCost(model, provider, counts));
      return usd === undefined ? undefined : wholeMicroUsd(usd);
    },
    ceiling(model, provider) {
      const price = own(model, provider);
      return price ? withAudio(configured(model, provider), price.audioInput) : rates(model, provider)?.ceiling;
    },
  };
}

/** Never 0 for what is not free. */
export function wholeMicroUsd(usd: number): number {
  const micro = usd * 1e6;
  return micro > 0 ? Math.max(1, Math.round(micro)) : 0;
}

type Counts = Required<Omit<Usage, 'cumulative' | 'totalTokens' | 'outputTextTokens' | 'inputTextTokens'>>;

/** Totals that are at least the sum of their parts, and the parts; undefined when nothing is counted. */
function countsOf(usage: Usage): Counts | undefined {
  const { inputAudioTokens = 0, inputImageTokens = 0, outputAudioTokens = 0, seconds = 0 } = usage;
  const { inputTokens, outputTokens, inputTextTokens, outputTextTokens } = usage;
  const input = (inputTextTokens ?? 0) + inputAudioTokens + inputImageTokens;
  const output = (outputTextTokens ?? 0) + outputAudioTokens;
  const isCounted = [inputTokens, outputTokens, inputTextTokens, outputTextTokens, usage.seconds].some(
    (count) => count !== undefined,
  );
  if (!isCounted && input + output === 0) return undefined;
  const total = Math.max(inputTokens ?? 0, input);
  return {
    inputTokens: total,
    outputTokens: Math.max(outputTokens ?? 0, output),
    inputAudioTokens,
    inputImageTokens,
    outputAudioTokens,
    cachedTokens: Math.min(usage.cachedTokens ?? 0, total),
    seconds,
  };
}

/** USD by the prices of the configuration. What is used and has no price makes the whole unknown. */
function ownCost(price: PriceConfig, counts: Counts): number | undefined {
  const { inputTokens, outputTokens, inputAudioTokens, outputAudioTokens, cachedTokens, seconds } = counts;
  // The reports do not say which tokens were cached; audio saves more, so text counts first and the estimate is no lower than the bill.
  const cachedText = Math.min(cachedTokens, inputTokens - inputAudioTokens);
  const parts: readonly (readonly [number, number | undefined])[] = [
    [inputTokens - inputAudioTokens - cachedText, price.input],
    [cachedText, price.cachedInput ?? price.input],
    [inputAudioTokens, price.audioInput],
    [outputTokens - outputAudioTokens, price.output],
    [outputAudioTokens, price.audioOutput],
  ];
  const isTimed = price.minute !== undefined;
  const priced = isTimed ? parts.filter(([, perMillion]) => perMillion !== undefined) : parts;
  if (priced.some(([count, perMillion]) => count > 0 && perMillion === undefined)) return undefined;
  if (!isTimed && inputTokens + outputTokens === 0 && seconds > 0) return undefined;
  const tokens = priced.reduce((sum, [count, perMillion = 0]) => sum + (count * perMillion) / 1e6, 0);
  return tokens + (seconds / 60) * (price.minute ?? 0);
}

/** The names that the list has for realtime providers and LLM profiles; the others are gateways to all of them. */
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

/** `vendor/model` of a gateway is looked up as the vendor's own, where the list knows the vendor. */
function lookupOf(model: string, provider: string): Lookup {
  const name = model.replace(/^models\//, '');
  const listed = LISTED.get(provider);
  if (listed) return { model: name, options: { providerId: listed } };
  const slash = name.indexOf('/');
  const vendor =
    slash > 0 ? findProvider({ providerId: LISTED.get(name.slice(0, slash)) ?? name.slice(0, slash) }) : undefined;
  return vendor ? { model: name.slice(slash + 1), options: { providerId: vendor.id } } : { model: name, options: {} };
}

/** USD by the list; undefined for a model, or a use of one, that it does not know. */
function listedCost(model: string, provider: string, counts: Counts): number | undefined {
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
    // It refuses counts that contradict each other.
    return undefined;
  }
}

/** What is remembered of a listed model. `flat`: USD per million text tokens where they do not depend on the length. */
interface Rates {
  readonly ceiling: Ceiling;
  readonly flat: { readonly input: number; readonly cached: number; readonly output: number } | undefined;
}

function listedRates(model: string, provider: string): Rates | undefined {
  const { model: name, options } = lookupOf(model, provider);
  const price = calcPrice({ input_tokens: 1, output_tokens: 1 }, name, options)?.model_price;
  const [input, output] = [highest(price?.input_mtok), highest(price?.output_mtok)];
  if (price === undefined || input === undefined || output === undefined) return undefined;
  const { input_mtok: text, output_mtok: answer, cache_read_mtok: cached = text } = price;
  const isFlat = typeof text === 'number' && typeof answer === 'number' && typeof cached === 'number';
  const ceiling = withAudio({ input, output }, highest(price.input_audio_mtok));
  return { ceiling, flat: isFlat ? { input: text, cached, output: answer } : undefined };
}

const withAudio = <Known extends Ceiling | undefined>(known: Known, audioInput: number | undefined): Known =>
  known === undefined || audioInput === undefined ? known : { ...known, audioInput };

/** The same as the list says, without its search and its analysis, which take longer than the rest of an attempt. */
function flatCost(rates: Rates | undefined, counts: Counts): number | undefined {
  const { inputTokens, outputTokens, inputAudioTokens, inputImageTokens, outputAudioTokens, cachedTokens } = counts;
  if (!rates?.flat || inputTokens + outputTokens === 0) return undefined;
  if (inputAudioTokens + inputImageTokens + outputAudioTokens > 0) return undefined;
  const { input, cached, output } = rates.flat;
  return ((inputTokens - cachedTokens) * input + cachedTokens * cached + outputTokens * output) / 1e6;
}

/** Of a price in tiers by length: the dearest. */
function highest(price: ModelPrice[string]): number | undefined {
  return typeof price === 'object' ? Math.max(price.base, ...price.tiers.map((tier) => tier.price)) : price;
}
