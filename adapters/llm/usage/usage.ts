// Reads the usage of chat completions, and the cost that a gateway reports.

import { isObject, type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import { soundUsage } from '../../realtime/usage-fault.ts';
import type { LlmUsage } from '../contract.ts';

/** The usage of a completion; undefined when it is not reported. */
export function completionsUsage(usage: unknown): LlmUsage | undefined {
  if (!isObject(usage)) return undefined;
  const input = objectAt(usage, 'prompt_tokens_details');
  const output = objectAt(usage, 'completion_tokens_details');
  return withWhatIsLeftOut(usage, {
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    totalTokens: usage.total_tokens,
    inputAudioTokens: input?.audio_tokens,
    inputImageTokens: input?.image_tokens,
    cachedTokens: cachedIn(usage, input),
    cacheWriteTokens: input?.cache_write_tokens ?? input?.cache_creation_tokens ?? usage.cache_creation_input_tokens,
    cacheWriteHourTokens: (objectAt(input, 'cache_creation_token_details') ?? objectAt(usage, 'cache_creation'))
      ?.ephemeral_1h_input_tokens,
    outputReasoningTokens: output?.reasoning_tokens,
    outputAudioTokens: output?.audio_tokens,
    outputImageTokens: output?.image_tokens,
    webSearches: objectAt(usage, 'server_tool_use')?.web_search_requests ?? input?.web_search_requests,
  });
}

/** OpenAI's place, then those of DeepSeek, Moonshot and Anthropic, which gateways may pass on. */
const cachedIn = (usage: JsonObject, input: JsonObject | undefined): unknown =>
  input?.cached_tokens ?? usage.prompt_cache_hit_tokens ?? usage.cached_tokens ?? usage.cache_read_input_tokens;

/**
 * Adds what some reports leave out of a count and are billed for all the same: xAI and Google have reasoning in the total alone, and a prompt that is
 * shorter than what the cache had of it is without that.
 */
function withWhatIsLeftOut(report: JsonObject, counts: { [Name in keyof LlmUsage]: unknown }): LlmUsage | undefined {
  const usage = usageOfCounts(report, counts);
  if (usage?.inputTokens === undefined || usage.outputTokens === undefined) return usage;
  const ofCache = (usage.cachedTokens ?? 0) + (usage.cacheWriteTokens ?? 0);
  const inputTokens = ofCache > usage.inputTokens ? usage.inputTokens + ofCache : usage.inputTokens;
  const outputTokens = Math.max(usage.outputTokens, (usage.totalTokens ?? 0) - inputTokens);
  return { ...usage, inputTokens, outputTokens };
}

/** Keeps the sound counts of a report; undefined unless both input and output are counted. */
export function usageOfCounts(
  report: JsonObject | undefined,
  counts: { [Name in keyof LlmUsage]: unknown },
): LlmUsage | undefined {
  const usage = report && soundUsage(report, counts);
  return usage?.inputTokens === undefined || usage.outputTokens === undefined ? undefined : usage;
}

/** The amount in a header or a field, in USD; undefined when it is no amount. */
export function costUsdOf(value: unknown): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return undefined;
  const cost = Number(value);
  return Number.isFinite(cost) && cost >= 0 ? cost : undefined;
}

/**
 * Reads what a usage says that the call cost, in USD: what the router billed, and with a provider key of one's own (`is_byok`) what the provider
 * billed beside it. Without such a key `upstream_inference_cost` is a part of `cost`. undefined where it is not said.
 * https://openrouter.ai/docs/use-cases/usage-accounting, https://vercel.com/docs/ai-gateway
 */
export function usageCostUsd(usage: unknown): number | undefined {
  if (!isObject(usage)) return undefined;
  const billed = costUsdOf(isObject(usage.cost) ? usage.cost.total_cost : usage.cost);
  const upstream = upstreamCostUsd(objectAt(usage, 'cost_details')) ?? costUsdOf(usage.market_cost);
  // A router's fee alone is not the cost.
  if (upstream === undefined) return usage.is_byok === true ? billed && undefined : billed;
  if (usage.is_byok === false) return billed;
  return usage.is_byok === true ? (billed ?? 0) + upstream : highestUsd(billed, upstream);
}

function upstreamCostUsd(details: JsonObject | undefined): number | undefined {
  const whole = costUsdOf(details?.upstream_inference_cost);
  if (whole !== undefined) return whole;
  const parts = [details?.upstream_inference_prompt_cost, details?.upstream_inference_completions_cost].map(costUsdOf);
  const sum = parts.reduce<number>((total, part) => total + (part ?? 0), 0);
  return sum > 0 ? sum : undefined;
}

/** The highest of what is said in several places about the same call. */
export function highestUsd(...costs: readonly (number | undefined)[]): number | undefined {
  const said = costs.filter((cost) => cost !== undefined);
  return said.length === 0 ? undefined : Math.max(...said);
}
