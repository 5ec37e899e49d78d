// Token counts of the simulators: estimates, of which only the sums matter.

export interface TokenCounts {
  readonly text: number;
  readonly audio: number;
  readonly image: number;
}

export const NO_TOKENS: TokenCounts = { text: 0, audio: 0, image: 0 };

/** Adds modality by modality. */
export function addTokens(a: TokenCounts, b: TokenCounts): TokenCounts {
  return { text: a.text + b.text, audio: a.audio + b.audio, image: a.image + b.image };
}

/** About four characters of English text are a token. */
export function textTokenCount(text: string): number {
  return Math.ceil(text.length / 4);
}
