// The most tokens that a request may count as its prompt, told from its bytes: no tokenizer is asked. Rule: what may count for more than its
// text (images, audio) counts by what it is, not by how long its base64 is.

import type { LlmCall } from '../../../adapters/llm/contract.ts';

/** Of one request. */
export interface PromptTokens {
  /** Text, images and files. */
  readonly tokens: number;
  /** Priced as audio, where audio has a price of its own. */
  readonly audioTokens: number;
}

/**
 * An image, whatever its size: those of OpenAI come to 3,800 tokens at the most, of Anthropic to 4,800, of Gemini to 2,300 unless it is much
 * longer than wide. So does an image behind a URL, which nobody here opens: that it is an image is the client's word, and what an endpoint that
 * takes other things from there bills is in the budget only once it is known.
 */
export const MAX_IMAGE_TOKENS = 5000;
/** It bills an image by 2,833 tokens and 5,667 for each of at most 8 tiles. */
const EXPENSIVE_IMAGES = { pattern: /gpt-4o-mini/, tokens: 2833 + 8 * 5667 };
/** Providers count 10 to 32 tokens a second, and no second of WAV or MP3 has fewer than 1,000 bytes, which are 1,333 characters. */
const BASE64_CHARS_OF_AUDIO_TOKEN = 32;
const KNOWN_AUDIO = ['wav', 'mp3'];

/**
 * Of the body as it is sent. Takes 10 to 20 ms for 4 MiB. What counts by what it is is taken off again rather than looked for: a body can be
 * made so that a search in it takes minutes.
 */
export function maxPromptTokens(body: string, { messages }: Pick<LlmCall, 'messages'>, model: string): PromptTokens {
  let [halves, tokens, audioTokens] = [halfTokensOf(body), 0, 0];
  for (const media of messages.flatMap(({ content }) => mediaOf(content, model))) {
    tokens += media.tokens;
    audioTokens += media.audioTokens;
    if (isBase64(media.data)) halves -= halfTokensOf(media.data);
  }
  return { tokens: tokens + Math.ceil(halves / 2), audioTokens };
}

/** The body has it letter by letter; what JSON writes in another way counts as text. */
const isBase64 = (data: string): boolean => !/[^A-Za-z0-9+/_=-]/.test(data);

/** Half tokens of an ASCII character: one of a letter or a space, two of everything else. */
const HALF_TOKENS = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z ]/.test(String.fromCharCode(code)) ? 1 : 2,
);

/**
 * Half tokens of a text, by its UTF-8. The tokenizers of OpenAI, Anthropic and Gemini make one token of 4 bytes of prose in letters, of 1.4 to 1.8
 * of base64, hex or dense code, of one digit (Gemini), and of a single byte of a script that they rarely met (measured). Letters that are no
 * words, the worst that is left, may come to a third more than is counted here; prose counts for twice what it is.
 */
function halfTokensOf(text: string): number {
  let halves = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x80) halves += HALF_TOKENS[code] as number;
    // Two bytes, or half of a pair that has four; else three.
    else halves += code < 0x800 || (code & 0xf800) === 0xd800 ? 4 : 6;
  }
  return halves;
}

interface Media extends PromptTokens {
  /** What is not to be counted as text, where it is base64; '' for none. */
  readonly data: string;
}

function mediaOf(content: unknown, model: string): Media[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((part) => (part?.type === 'text' || part?.type === 'refusal' ? [] : [mediumOf(part, model)]));
}

// biome-ignore lint/suspicious/noExplicitAny: a part of a message is whatever a client wrote
function mediumOf(part: any, model: string): Media {
  const image = EXPENSIVE_IMAGES.pattern.test(model) ? EXPENSIVE_IMAGES.tokens : MAX_IMAGE_TOKENS;
  switch (part?.type) {
    case 'image_url':
      return { tokens: image, audioTokens: 0, data: dataOf(part.image_url?.url) };
    case 'input_audio':
      return audioTokensOf(textOf(part.input_audio?.data), part.input_audio?.format);
    // Of a file every page may be an image, too: it stays text, at the length of its base64.
    default:
      return { tokens: image, audioTokens: 0, data: '' };
  }
}

/** Of other formats silence may take next to no bytes: a token for each character. */
function audioTokensOf(data: string, format: unknown): Media {
  const isKnown = KNOWN_AUDIO.includes(textOf(format));
  return { tokens: 0, audioTokens: isKnown ? Math.ceil(data.length / BASE64_CHARS_OF_AUDIO_TOKEN) : data.length, data };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The data of an image in a `data:` URL. Anything else, such as a film or a PDF, counts as text. */
function dataOf(url: unknown): string {
  const text = textOf(url);
  return isImageData(text) ? text.slice(text.indexOf(',') + 1) : '';
}

/** Whether a URL says that it holds an image itself. */
export const isImageData = (url: string): boolean => /^data:image\/[\w.+-]+[;,]/i.test(url);
