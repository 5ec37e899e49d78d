// Converts OpenAI's usage objects. A count that is not a number of zero or more is left out, and a negative one is told.

import { isObject, type JsonObject, objectAt, textAt } from '../../../codecs/json/object.ts';
import type { Usage } from '../contract/observation.ts';
import { soundUsage } from '../usage-fault.ts';

/** Converts the usage of Realtime, transcription and Responses: tokens by kind, or seconds. Undefined when nothing is counted. */
export function tokenUsage(usage: JsonObject | undefined): Usage | undefined {
  if (usage === undefined) return undefined;
  const input = details(usage.input_token_details ?? usage.input_tokens_details);
  const cached = details(input.cached_tokens_details);
  const output = details(usage.output_token_details ?? usage.output_tokens_details);
  return soundUsage(usage, {
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    totalTokens: usage.total_tokens,
    inputTextTokens: input.text_tokens,
    inputAudioTokens: input.audio_tokens,
    inputImageTokens: input.image_tokens,
    cachedTokens: input.cached_tokens,
    cachedAudioTokens: cached.audio_tokens,
    cachedImageTokens: cached.image_tokens,
    outputTextTokens: output.text_tokens,
    outputAudioTokens: output.audio_tokens,
    outputImageTokens: output.image_tokens,
    seconds: usage.seconds,
  });
}

/** Converts the usage of a response: its tokens, and its searches of the web, which are billed beside them. */
export function usageOfResponse(response: JsonObject | undefined): Usage | undefined {
  const usage = tokenUsage(objectAt(response, 'usage'));
  const output = Array.isArray(response?.output) ? response.output.filter(isObject) : [];
  const webSearches = output.filter(isSearch).length;
  return usage === undefined || webSearches === 0 ? usage : { ...usage, webSearches };
}

/** Opening a page that was found is not billed. https://platform.openai.com/docs/guides/tools-web-search */
const isSearch = (item: JsonObject): boolean =>
  item.type === 'web_search_call' && (textAt(item, 'action', 'type') ?? 'search') === 'search';

/** Converts the running total of a Live session: seconds, by some providers tokens. */
export function usageSoFar(usage: JsonObject | undefined): Usage | undefined {
  const total = tokenUsage(usage);
  return total === undefined ? undefined : { cumulative: true, ...total };
}

function details(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
