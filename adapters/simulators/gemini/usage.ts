// Usage as Gemini Live reports it. The prompt grows with every turn, and every sum adds up.
// Rule: a count by modality is left out when it is zero.

import type { TokenCounts } from '../tokens.ts';

/** Tokens of one image, whatever its size. */
export const GEMINI_IMAGE_TOKENS = 258;

/** Audio has 25 tokens per second, in both directions. */
export const audioTokens = (ms: number): number => Math.ceil(ms / 40);

/** The `usageMetadata` of one turn. */
export function usageMetadata(prompt: TokenCounts, response: TokenCounts) {
  const promptTokenCount = total(prompt);
  const responseTokenCount = total(response);
  return {
    promptTokenCount,
    responseTokenCount,
    totalTokenCount: promptTokenCount + responseTokenCount,
    promptTokensDetails: details(prompt),
    responseTokensDetails: details(response),
  };
}

function total({ text, audio, image }: TokenCounts): number {
  return text + audio + image;
}

function details({ text, audio, image }: TokenCounts) {
  const all = [
    { modality: 'TEXT', tokenCount: text },
    { modality: 'AUDIO', tokenCount: audio },
    { modality: 'IMAGE', tokenCount: image },
  ];
  return all.filter(({ tokenCount }) => tokenCount > 0);
}
