// Reads the usage of chat completions, and the cost that a gateway reports.

import { isObject, objectAt } from '../../../codecs/json-object.ts';
import type { LlmUsage } from '../contract.ts';

/** The usage of a completion; undefined when it is not reported. */
export function completionsUsage(usage: unknown): LlmUsage | undefined {
  if (!isObject(usage)) return undefined;
  const input = objectAt(usage, 'prompt_tokens_details');
  const output = objectAt(usage, 'completion_tokens_details');
  return usageOfCounts({
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    totalTokens: usage.total_tokens,
    inputAudioTokens: input?.audio_tokens,
    inputImageTokens: input?.image_tokens,
    cachedTokens: input?.cached_tokens,
    cacheWriteTokens: input?.cache_write_tokens ?? input?.cache_creation_tokens ?? usage.cache_creation_input_tokens,
    outputAudioTokens: output?.audio_tokens,
    outputImageTokens: output?.image_tokens,
  });
}

/** Keeps counts that are numbers of zero or more; undefined unless both input and output are counted. */
export function usageOfCounts(counts: { [Name in keyof LlmUsage]: unknown }): LlmUsage | undefined {
  const kept = Object.entries(counts).filter(([, count]) => Number.isFinite(count) && Number(count) >= 0);
  const usage = Object.fromEntries(kept) as LlmUsage;
  return usage.inputTokens === undefined || usage.outputTokens === undefined ? undefined : usage;
}

/** The amount in a header or a field, in USD; undefined when it is no amount. */
export function costUsdOf(value: unknown): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return undefined;
  const cost = Number(value);
  return Number.isFinite(cost) && cost >= 0 ? cost : undefined;
}
