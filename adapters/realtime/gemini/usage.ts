// Converts Gemini's usageMetadata. Tool prompts count as input and thoughts as output, so that the sums agree.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import type { Usage } from '../contract/observation.ts';
import { soundUsage } from '../usage-fault.ts';

/** Modalities that are priced as images. */
export const IMAGE_MODALITIES: readonly string[] = ['IMAGE', 'VIDEO', 'DOCUMENT'];

/** Returns undefined when nothing is counted. */
export function usageOfMetadata(metadata: JsonObject): Usage | undefined {
  const input = [metadata.promptTokensDetails, metadata.toolUsePromptTokensDetails];
  const output = [metadata.responseTokensDetails];
  return soundUsage(metadata, {
    inputTokens: sum([metadata.promptTokenCount, metadata.toolUsePromptTokenCount]),
    outputTokens: sum([metadata.responseTokenCount, metadata.thoughtsTokenCount]),
    totalTokens: sum([metadata.totalTokenCount]),
    inputTextTokens: modalityTokens(input, ['TEXT']),
    inputAudioTokens: modalityTokens(input, ['AUDIO']),
    inputImageTokens: modalityTokens(input, IMAGE_MODALITIES),
    cachedTokens: sum([metadata.cachedContentTokenCount]),
    cachedAudioTokens: modalityTokens([metadata.cacheTokensDetails], ['AUDIO']),
    cachedImageTokens: modalityTokens([metadata.cacheTokensDetails], IMAGE_MODALITIES),
    outputTextTokens: modalityTokens(output, ['TEXT']),
    outputAudioTokens: modalityTokens(output, ['AUDIO']),
    outputImageTokens: modalityTokens(output, IMAGE_MODALITIES),
  });
}

/** Adds up the tokens of some modalities in lists of details; undefined when none is counted. */
export function modalityTokens(lists: readonly unknown[], names: readonly string[]): number | undefined {
  const items: unknown[] = lists.flatMap((list) => (Array.isArray(list) ? list : []));
  return sum(
    items.filter(isObject).map((item) => (names.includes(String(item.modality)) ? item.tokenCount : undefined)),
  );
}

/** Adds up the values that are counts; undefined when none is. */
function sum(values: readonly unknown[]): number | undefined {
  const counts = values.filter((value): value is number => Number.isFinite(value) && Number(value) >= 0);
  return counts.length === 0 ? undefined : counts.reduce((total, count) => total + count, 0);
}
