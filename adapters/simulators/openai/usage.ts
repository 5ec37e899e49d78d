// Tokens as OpenAI Realtime counts them, near enough: what matters is that every sum adds up.
// Rule: a response pays for the whole conversation before it; what was paid for once is cached the next time.

/** Tokens by modality. */
export interface Tokens {
  readonly text: number;
  readonly audio: number;
  readonly image: number;
}

/** No tokens. */
export const NO_TOKENS: Tokens = { text: 0, audio: 0, image: 0 };
/** Tokens of one image, whatever its size. */
export const IMAGE_TOKENS = 765;

/** One audio token per 100 ms of the caller. */
export const heardTokens = (ms: number): number => Math.ceil(ms / 100);
/** One audio token per 50 ms of the assistant. */
export const spokenTokens = (ms: number): number => Math.ceil(ms / 50);
/** Four characters are about a token. */
export const textTokenCount = (text: string): number => Math.ceil(text.length / 4);

/** Caching works on whole blocks of this many tokens. */
const CACHE_BLOCK = 64;

/** The sum, modality by modality. */
export function addTokens(a: Tokens, b: Tokens): Tokens {
  return { text: a.text + b.text, audio: a.audio + b.audio, image: a.image + b.image };
}

/** The `usage` of a `response.done`. `cached` is the part of `input` that an earlier response paid for. */
export function responseUsage(input: Tokens, cached: Tokens, output: Pick<Tokens, 'text' | 'audio'>) {
  const whole = {
    text_tokens: blocks(cached.text),
    audio_tokens: blocks(cached.audio),
    image_tokens: blocks(cached.image),
  };
  const inputTokens = input.text + input.audio + input.image;
  const outputTokens = output.text + output.audio;
  return {
    total_tokens: inputTokens + outputTokens,
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    input_token_details: {
      text_tokens: input.text,
      audio_tokens: input.audio,
      image_tokens: input.image,
      cached_tokens: whole.text_tokens + whole.audio_tokens + whole.image_tokens,
      cached_tokens_details: whole,
    },
    output_token_details: { text_tokens: output.text, audio_tokens: output.audio },
  };
}

/** The `usage` of a transcription: whisper-1 bills seconds, the others tokens. */
export function transcriptionUsage(model: string | undefined, ms: number, transcript: string) {
  if (model === 'whisper-1') return { type: 'duration', seconds: Math.ceil(ms / 1000) };
  const inputTokens = heardTokens(ms);
  const outputTokens = textTokenCount(transcript);
  return {
    type: 'tokens',
    total_tokens: inputTokens + outputTokens,
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    input_token_details: { text_tokens: 0, audio_tokens: inputTokens },
  };
}

function blocks(tokens: number): number {
  return Math.floor(tokens / CACHE_BLOCK) * CACHE_BLOCK;
}
