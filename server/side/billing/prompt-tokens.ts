// Upper bound of a request's prompt tokens, computed from its bytes without a tokenizer. Rule: images and audio, whose tokens do not follow from
// the length of their base64, count by their kind.

import type { LlmCall, LlmUsage } from '../../../adapters/llm/contract.ts';

interface PromptTokens {
  /** Text, images and files. */
  readonly tokens: number;
  /** Tokens that are priced as audio, where audio has a price of its own. */
  readonly audioTokens: number;
}

/**
 * Tokens of an image of any size: at most 3,800 at OpenAI, 4,800 at Anthropic, and 2,300 at Gemini unless it is much longer than wide. An image
 * behind a URL counts the same; nobody here opens it, so what else is behind it enters the budget only when it is billed.
 */
export const MAX_IMAGE_TOKENS = 5000;
/** OpenAI's gpt-4o-mini bills an image by 2,833 tokens and 5,667 for each of at most 8 tiles. */
const EXPENSIVE_IMAGES = { pattern: /gpt-4o-mini/, tokens: 2833 + 8 * 5667 };
/** Providers count 10 to 32 tokens a second, and no second of WAV or MP3 has fewer than 1,000 bytes, which are 1,333 characters. */
const BASE64_CHARS_OF_AUDIO_TOKEN = 32;
const KNOWN_AUDIO = ['wav', 'mp3'];

/**
 * `body` is the request as it is sent; 4 MiB take 10 to 20 ms. Media is subtracted by its length, since searching for it in the body could take
 * minutes on hostile input.
 */
export function maxPromptTokens(body: string, call: AskedCall, model: string): PromptTokens {
  const { messages } = call;
  let [halves, tokens, audioTokens] = [halfTokensOf(body), hasTools(call) ? TOOL_TOKENS : 0, 0];
  for (const media of messages.flatMap(({ content }) => mediaOf(content, model))) {
    tokens += media.tokens;
    audioTokens += media.audioTokens;
    if (isBase64(media.data)) halves -= halfTokensOf(media.data);
  }
  return { tokens: tokens + Math.ceil(halves / 2), audioTokens };
}

type AskedCall = Pick<LlmCall, 'messages'> & Partial<Pick<LlmCall, 'schema' | 'extra'>>;

/** Instructions that providers add for tools: Anthropic has up to 530 tokens. https://docs.claude.com/en/docs/agents-and-tools/tool-use/overview */
const TOOL_TOKENS = 700;

const hasTools = ({ schema, extra = {} }: AskedCall): boolean =>
  schema !== undefined || [extra.tools, extra.functions, extra.response_format].some((value) => value !== undefined);

/** Length of a token of an answer: prose has 4 bytes or more, and a script of more bytes a character has more to a token. */
const BYTES_OF_TOKEN = 4;

interface ReceivedStream {
  /** The request as it was sent. */
  readonly body: string;
  readonly call: AskedCall;
  readonly model: string;
  readonly receivedBytes: number;
}

/** Estimates the usage of a stream that broke off without a report: the prompt at most, and what came of the answer. */
export function receivedUsage({ body, call, model, receivedBytes }: ReceivedStream): LlmUsage {
  const { tokens, audioTokens } = maxPromptTokens(body, call, model);
  const inputAudioTokens = audioTokens === 0 ? {} : { inputAudioTokens: audioTokens };
  const outputTokens = Math.ceil(receivedBytes / BYTES_OF_TOKEN);
  return { inputTokens: tokens + audioTokens, ...inputAudioTokens, outputTokens };
}

/** The body holds base64 letter by letter. Data that JSON escapes counts as text. */
const isBase64 = (data: string): boolean => !/[^A-Za-z0-9+/_=-]/.test(data);

/** Half tokens of each ASCII character: one for a letter or a space, two for all others. */
const HALF_TOKENS = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z ]/.test(String.fromCharCode(code)) ? 1 : 2,
);

/**
 * Half tokens of a text, by its UTF-8 bytes. The tokenizers of OpenAI, Anthropic and Gemini make one token of 4 bytes of prose in letters, of 1.4 to 1.8
 * of base64, hex or dense code, of one digit (Gemini), and of a single byte of a script that they rarely met (measured). Letters that are no
 * words, the worst that is left, may come to a third more than is counted here; prose counts for twice what it is.
 */
function halfTokensOf(text: string): number {
  let halves = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x80) halves += HALF_TOKENS[code] as number;
    // UTF-8 takes two bytes below U+0800, four for a surrogate pair, and three for the rest.
    else halves += code < 0x800 || (code & 0xf800) === 0xd800 ? 4 : 6;
  }
  return halves;
}

interface Media extends PromptTokens {
  /** The part of the body that does not count as text, if it is base64; '' for none. */
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
    // Each page of a file may be an image, too. Its base64 stays text.
    default:
      return { tokens: image, audioTokens: 0, data: '' };
  }
}

/** Silence may take next to no bytes in other formats, so each character counts as a token there. */
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

/** Tells whether a URL holds an image itself. */
export const isImageData = (url: string): boolean => /^data:image\/[\w.+-]+[;,]/i.test(url);
