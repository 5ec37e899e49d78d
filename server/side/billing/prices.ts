// Prices of usage in whole micro-USD: those of the configuration, else those of the price list. An unknown price is undefined, never zero.

import type { Usage } from '../../../adapters/realtime/contract/observation.ts';
import { longestMatchingGlob } from '../../../codecs/text/glob.ts';
import type { Config } from '../../config/config.ts';
import type { PriceConfig, SideConfig } from '../../config/side-schema.ts';
import { type Ceiling, createPriceList, type PriceList } from './price-list.ts';
import { splitOf, usdOf } from './split.ts';

/** `provider` is a realtime provider, or the profile of an LLM gateway. */
export interface Prices {
  /** Whole micro-USD of one request, at least 1 where the usage is not free. */
  estimate(model: string, provider: string, usage: Usage): number | undefined;
  /** The same of the sum of many requests, none of which is taken for one so long that it has a price of its own. */
  estimateSum(model: string, provider: string, usage: Usage): number | undefined;
  /** The most that tokens of this model cost. */
  ceiling(model: string, provider: string): Ceiling | undefined;
  /** The prices of text tokens in the configuration. */
  configured(model: string, provider: string): Pick<Ceiling, 'input' | 'output'> | undefined;
  /** The prices of a short request, and where they are from. */
  listed(model: string, provider: string): ListedPrice | undefined;
  /** The same, with prices of a catalogue behind those of the configuration, and before those of the price list. */
  with(catalogue: CataloguePrices): Prices;
}

/** The price of a model in the catalogue of an LLM gateway. */
type CataloguePrices = (model: string) => PriceConfig | undefined;

export interface ListedPrice {
  readonly price: PriceConfig;
  readonly source: 'configuration' | 'catalogue' | 'list';
}

/** The prices of a configuration, which is read with each question. */
export const pricesOf = (config: Pick<Config, 'prices' | 'providers'>): Prices =>
  createPrices(config.prices, (account) => config.providers[account]?.kind ?? account);

/** `config` is read with each question. `kindOf`: the kind of provider that an account is of; the names of all others are their kinds. */
export function createPrices(config: SideConfig['prices'], kindOf = (account: string): string => account): Prices {
  const kinds = createPriceList();
  const list: PriceList = {
    prices: (model, provider, inputTokens) => kinds.prices(model, kindOf(provider), inputTokens),
    ceiling: (model, provider) => kinds.ceiling(model, kindOf(provider)),
  };
  const namesOf = (model: string, provider: string) => [model, `${provider}/${model}`, `${kindOf(provider)}/${model}`];
  const priceOf = (model: string, provider: string): PriceConfig | undefined =>
    config[longestMatchingGlob(Object.keys(config), namesOf(model, provider)) ?? ''];
  const pricesWith = (catalogue: CataloguePrices): Prices => ({
    configured: (model, provider) => textPrices(priceOf(model, provider)),
    estimate: (model, provider, usage) =>
      costOf(
        usage,
        priceOf(model, provider) ?? catalogue(model) ?? list.prices(model, provider, usage.inputTokens ?? 0),
      ),
    estimateSum: (model, provider, usage) =>
      costOf(usage, priceOf(model, provider) ?? catalogue(model) ?? list.prices(model, provider, 0)),
    listed(model, provider) {
      const priced = (price: PriceConfig | undefined, source: ListedPrice['source']) => price && { price, source };
      return (
        priced(priceOf(model, provider), 'configuration') ??
        priced(catalogue(model), 'catalogue') ??
        priced(list.prices(model, provider, 0), 'list')
      );
    },
    with: pricesWith,
    ceiling(model, provider) {
      const price = priceOf(model, provider) ?? catalogue(model);
      if (price === undefined) return list.ceiling(model, provider);
      const text = textPrices(price);
      const { audioInput, request } = price;
      return text && { ...text, audioInput, request };
    },
  });
  return pricesWith(() => undefined);
}

function costOf(usage: Usage, price: PriceConfig | undefined): number | undefined {
  const split = splitOf(usage);
  if (split === undefined || price === undefined) return undefined;
  if (Object.values(price).every((amount) => amount === 0)) return 0;
  // A report of nothing is no report; a count of nothing is nothing.
  if (Object.values(split).every((count) => count === 0)) return isCountedHere(usage) ? 0 : undefined;
  const usd = usdOf(split, price);
  return usd === undefined ? undefined : wholeMicroUsd(usd);
}

const isCountedHere = ({ inputAudioSeconds, outputAudioSeconds, characters, messages }: Usage): boolean =>
  [inputAudioSeconds, outputAudioSeconds, characters, messages].some((count) => count !== undefined);

function textPrices({ input, output }: PriceConfig = {}): Pick<Ceiling, 'input' | 'output'> | undefined {
  return input === undefined || output === undefined ? undefined : { input, output };
}

/** Rounds to whole micro-USD; only what is free is 0. */
export function wholeMicroUsd(usd: number): number {
  const micro = usd * 1e6;
  return micro > 0 ? Math.max(1, Math.round(micro)) : 0;
}
