// The most tokens that a model writes in one answer, where its provider says so. Needed where a limit has to be sent: by a budget, or by an
// API that demands one.

/** By patterns of names without vendor, the first that fits. https://platform.openai.com/docs/models, https://docs.claude.com/en/docs/about-claude/models, https://ai.google.dev/gemini-api/docs/models */
const MOST: readonly (readonly [RegExp, number])[] = [
  [/^gpt-5(\.\d)?-chat/, 16_384],
  [/^gpt-5/, 128_000],
  [/^o[134]\b/, 100_000],
  [/^gpt-4\.1/, 32_768],
  [/^(gpt-4o|chatgpt-4o)/, 16_384],
  [/^gpt-(4|3\.5)-turbo/, 4096],
  [/^claude-3-(opus|sonnet|haiku)/, 4096],
  [/^claude-3-5-/, 8192],
  [/^claude-(3-7-sonnet|sonnet-4|haiku-4|opus-4-5)/, 64_000],
  [/^claude-opus-4(-[01])?(-\d{8}|$)/, 32_000],
  [/^claude-opus-4/, 128_000],
  [/^gemini-(1\.5|2\.0)/, 8192],
  [/^gemini-/, 65_536],
  [/^deepseek-chat/, 8192],
];

/** `model` may have a vendor in front, as gateways write it. undefined: not known. */
export function maxOutputTokens(model: string): number | undefined {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  return MOST.find(([pattern]) => pattern.test(name))?.[1];
}

/** The limit for a model that is not known, where one has to be sent: hosted models take it, and reasoning has room in it. */
export const UNKNOWN_OUTPUT_TOKENS = 16_384;
