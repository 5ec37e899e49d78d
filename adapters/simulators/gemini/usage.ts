// Tokens as Gemini Live counts them, near enough: the prompt grows with every turn, and every sum adds up.
// Rule: a count by modality is left out when it is zero.

/** Tokens by modality. */
export interface Counts {
  readonly text: number;
  readonly audio: number;
  readonly image: number;
}

/** No tokens. */
export const NOTHING: Counts = { text: 0, audio: 0, image: 0 };
/** Tokens of one image, whatever its size. */
export const IMAGE_TOKENS = 258;

/** 25 tokens per second, in both directions. */
export const audioTokens = (ms: number): number => Math.ceil(ms / 40);
/** Four characters are about a token. */
export const textTokenCount = (text: string): number => Math.ceil(text.length / 4);

/** The sum, modality by modality. */
export function addCounts(a: Counts, b: Counts): Counts {
  return { text: a.text + b.text, audio: a.audio + b.audio, image: a.image + b.image };
}

/** The `usageMetadata` of one turn. */
export function usageMetadata(prompt: Counts, response: Counts) {
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

function total({ text, audio, image }: Counts): number {
  return text + audio + image;
}

function details({ text, audio, image }: Counts) {
  const all = [
    { modality: 'TEXT', tokenCount: text },
    { modality: 'AUDIO', tokenCount: audio },
    { modality: 'IMAGE', tokenCount: image },
  ];
  return all.filter(({ tokenCount }) => tokenCount > 0);
}
