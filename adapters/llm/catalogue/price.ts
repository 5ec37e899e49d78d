// Reads prices of catalogues. Rule: a price that may be less than what is billed is none, and so is one that nobody would ask.

import { isObject, type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import type { CataloguePrice } from './contract.ts';

/** USD per token, call or search; no model is anywhere near. OpenRouter writes -1 where the price depends on who serves. */
const MOST_USD = 10;
const MOST_USD_PER_TOKEN = 0.01;

/** The price of an entry: `pricing` of OpenRouter and Bifrost (`prompt`) or Vercel (`input`), or `cost_in` and `cost_out` of Cloudflare. */
export function priceOf(entry: JsonObject): CataloguePrice | undefined {
  const pricing = objectAt(entry, 'pricing');
  if (pricing === undefined) return perTokens({ input: [entry.cost_in], output: [entry.cost_out] });
  const tiers = [pricing, ...objectsAt(pricing.overrides)];
  const each = (...keys: readonly string[]) => tiers.flatMap((tier) => keys.map((key) => tier[key]));
  const price = perTokens({
    input: [...each('prompt', 'input'), ...costsAt(pricing.input_tiers)],
    output: [...each('completion', 'output'), ...costsAt(pricing.output_tiers)],
    cachedInput: [...each('input_cache_read'), ...costsAt(pricing.input_cache_read_tiers)],
    cacheWrite: [...each('input_cache_write'), ...costsAt(pricing.input_cache_write_tiers)],
    audioInput: each('audio'),
  });
  return (
    price && {
      ...price,
      request: perThousand(pricing.request),
      webSearch: perThousand(pricing.web_search),
    }
  );
}

type PerToken = Partial<Readonly<Record<keyof CataloguePrice, readonly unknown[]>>>;

/** The prices per million tokens, each the highest of its tiers; undefined where text in or out has none. */
export function perTokens(amounts: PerToken): CataloguePrice | undefined {
  const named = Object.entries(amounts).flatMap(([name, values]) => {
    const usd = highest(values, MOST_USD_PER_TOKEN);
    return usd === undefined ? [] : [[name, rounded(usd * 1e6)] as const];
  });
  const price: Partial<Record<keyof CataloguePrice, number>> = Object.fromEntries(named);
  const { input, output } = price;
  return input === undefined || output === undefined ? undefined : { ...price, input, output };
}

/** The highest of the amounts that are there; undefined where none is, or one cannot be believed. */
function highest(values: readonly unknown[], most: number): number | undefined {
  const given = values.filter((value) => value !== undefined && value !== null && value !== '').map(Number);
  const isBelieved = given.length > 0 && given.every((usd) => usd >= 0 && usd <= most);
  return isBelieved ? Math.max(...given) : undefined;
}

/** Leaves out what costs nothing beside the tokens. */
function perThousand(value: unknown): number | undefined {
  const usd = highest([value], MOST_USD);
  return usd === undefined || usd === 0 ? undefined : rounded(usd * 1000);
}

/** Takes away what the arithmetic of binary fractions adds: 0.15 and not 0.15000000000000002. */
const rounded = (usd: number): number => Number(usd.toPrecision(12));

const objectsAt = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

const costsAt = (value: unknown): readonly unknown[] => objectsAt(value).map(({ cost }) => cost);
