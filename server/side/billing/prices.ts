// Prices of usage in whole micro-USD: those of the configuration, else those of the price list. An unknown price is undefined, never zero.

import type { Usage } from '../../../adapters/realtime/contract.ts';
import { longestMatchingGlob } from '../../../codecs/glob.ts';
import type { PriceConfig, SideConfig } from '../../config/side-schema.ts';
import { type BilledTokens, type Ceiling, createPriceList } from './price-list.ts';

/** `provider` is a realtime provider, or the profile of an LLM gateway. */
export interface Prices {
  /** Whole micro-USD, at least 1 where the usage is not free. */
  estimate(model: string, provider: string, usage: Usage): number | undefined;
  /** The most that tokens of this model cost. */
  ceiling(model: string, provider: string): Ceiling | undefined;
  /** The prices of text tokens in the configuration. */
  configured(model: string, provider: string): Pick<Ceiling, 'input' | 'output'> | undefined;
}

export function createPrices(config: SideConfig['prices']): Prices {
  const list = createPriceList();
  const patterns = Object.keys(config);
  const priceOf = (model: string, provider: string): PriceConfig | undefined =>
    config[longestMatchingGlob(patterns, [model, `${provider}/${model}`]) ?? ''];
  return {
    configured: (model, provider) => textPrices(priceOf(model, provider)),
    estimate(model, provider, usage) {
      const counts = countsOf(usage);
      if (!counts) return undefined;
      const price = priceOf(model, provider);
      const usd = price ? configuredCost(price, counts) : list.cost(model, provider, counts);
      return usd === undefined ? undefined : wholeMicroUsd(usd);
    },
    ceiling(model, provider) {
      const price = priceOf(model, provider);
      if (price === undefined) return list.ceiling(model, provider);
      const text = textPrices(price);
      return text === undefined || price.audioInput === undefined ? text : { ...text, audioInput: price.audioInput };
    },
  };
}

function textPrices({ input, output }: PriceConfig = {}): Pick<Ceiling, 'input' | 'output'> | undefined {
  return input === undefined || output === undefined ? undefined : { input, output };
}

/** Rounds to whole micro-USD; only what is free is 0. */
export function wholeMicroUsd(usd: number): number {
  const micro = usd * 1e6;
  return micro > 0 ? Math.max(1, Math.round(micro)) : 0;
}

/** Fills up missing counts; undefined when nothing was counted. */
function countsOf(usage: Usage): BilledTokens | undefined {
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

/** USD by the prices of the configuration. The whole is unknown if any kind of use has no price. */
function configuredCost(price: PriceConfig, counts: BilledTokens): number | undefined {
  const { inputTokens, outputTokens, inputAudioTokens, outputAudioTokens, cachedTokens, seconds } = counts;
  // Reports do not say which tokens were cached. Audio saves more, so text counts first: the estimate is no lower than the bill.
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
