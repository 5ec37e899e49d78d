// Usage as OpenAI Realtime reports it. Rule: a response pays for the whole conversation before it; what was paid for once is
// cached the next time.

import { type TokenCounts, textTokenCount } from '../tokens.ts';

/** Tokens of one image, whatever its size. */
export const OPENAI_IMAGE_TOKENS = 765;

/** The caller's audio has one token per 100 ms. */
export const inputAudioTokens = (ms: number): number => Math.ceil(ms / 100);
/** The assistant's audio has one token per 50 ms. */
export const outputAudioTokens = (ms: number): number => Math.ceil(ms / 50);

/** Tokens are cached in whole blocks of this size. */
const CACHE_BLOCK = 64;

/** The `usage` of a `response.done`. `cached`: the part of `input` that an earlier response paid for. */
export function responseUsage(input: TokenCounts, cached: TokenCounts, output: Pick<TokenCounts, 'text' | 'audio'>) {
  const cachedDetails = {
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
      cached_tokens: cachedDetails.text_tokens + cachedDetails.audio_tokens + cachedDetails.image_tokens,
      cached_tokens_details: cachedDetails,
    },
    output_token_details: { text_tokens: output.text, audio_tokens: output.audio },
  };
}

/** Transcription models that are billed by time. */
const BY_TIME = ['whisper-1', 'gpt-realtime-whisper', 'gpt-live-transcribe'];

/** The `usage` of a transcription: seconds for models that are billed by time, tokens for the others. */
export function transcriptionUsage(model: string | undefined, ms: number, transcript: string) {
  if (model !== undefined && BY_TIME.includes(model)) return { type: 'duration', seconds: Math.ceil(ms / 1000) };
  const inputTokens = inputAudioTokens(ms);
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
