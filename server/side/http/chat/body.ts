// Checks the body of a chat completion as clients of OpenAI write it. Rule: fields that would change where a call runs, who keeps it, or what it
// costs beyond its tokens are refused, since the class decides that.

import { z } from 'zod';
import type { LlmCall } from '../../../../adapters/llm/contract.ts';
import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import { MAX_NAME, NO_CONTROL } from '../../../config/key-schema.ts';
import { type HttpProblem, invalidRequest, isProblem } from '../../../http/problem.ts';
import { isImageData } from '../../billing/prompt-tokens.ts';
import type { CallDefaults, ReadCall } from '../../runs/call/client-call.ts';
import { CHAT_FIELDS, sortFields } from './fields.ts';

const MAX_MESSAGES = 10_000;
/** Limit for all messages together. */
const MAX_PARTS = 10_000;

const isText = (value: unknown): value is string => typeof value === 'string';
const TOKENS = 'expected a whole number from 1 to 10000000';
/** Some clients write no limit as -1. */
export const tokens = z
  .union([z.literal(-1), z.int().min(1).max(10_000_000)], TOKENS)
  .nullish()
  .transform((limit) => (limit === -1 || limit === null ? undefined : limit));
export const TEMPERATURE = 'expected a number from 0 to 2';
const MODEL = 'expected the name of a model';
const counted = ({ input }: { readonly input?: unknown }) =>
  `expected 1 to ${MAX_MESSAGES} messages, got ${(input as unknown[]).length}`;

/** Audio of an answer stays at the provider, under an id that any key of the account could name; calls through here are given none. */
const AUDIO = 'expected what was said as content: no answer of this gateway has audio that could be referred to';

const message = z.looseObject(
  { role: z.string('expected a role such as user or system'), audio: z.null(AUDIO).optional() },
  'expected an object with role and content',
);

const END_USER = `expected a text of at most ${MAX_NAME} characters without control characters`;
/** The app's own name for its user. */
export const endUserText = z.string(END_USER).max(MAX_NAME, END_USER).regex(NO_CONTROL, END_USER).nullish();

/** A field of null counts as absent. */
const schema = z.looseObject({
  model: z.string(MODEL).max(200, MODEL).nullish(),
  max_tokens: tokens,
  max_completion_tokens: tokens,
  temperature: z.number(TEMPERATURE).min(0, TEMPERATURE).max(2, TEMPERATURE).nullish(),
  stream: z.boolean('expected true or false').nullish(),
  n: z.literal(1, 'expected 1: each answer is a call of its own').nullish(),
  store: z.literal(false, 'expected false: what is kept of a call is for the class to say').nullish(),
  safety_identifier: endUserText,
  user: endUserText,
  messages: z
    .array(message, 'expected a list of messages')
    .min(1, { error: counted })
    .max(MAX_MESSAGES, { error: counted }),
  tools: z
    .array(z.looseObject({ type: z.enum(['function', 'custom'], 'expected function or custom') }), 'expected a list')
    .nullish(),
});

export function readChatBody(body: JsonObject, { maxTokens, unknownFields }: CallDefaults): ReadCall | HttpProblem {
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const param = paramOf(issue?.path ?? []);
    return invalidRequest(`${param}: ${issue?.message ?? 'invalid'}`, param);
  }
  const sorted = sortFields(body, { ...CHAT_FIELDS, unknownFields });
  if (isProblem(sorted)) return sorted;
  const { messages, max_tokens, max_completion_tokens, temperature, stream, safety_identifier, user } = parsed.data;
  const parts = messages.reduce((sum, { content }) => sum + (Array.isArray(content) ? content.length : 0), 0);
  if (parts > MAX_PARTS)
    return invalidRequest(`messages: expected at most ${MAX_PARTS} parts of content in all, got ${parts}`, 'messages');
  const unbounded = unboundedPart(messages);
  if (unbounded !== undefined) {
    const images = 'image_url with a data:image/... URL or the URL of an image';
    return invalidRequest(`${unbounded}: expected text, ${images}, input_audio, or a file as a data: URL`, unbounded);
  }
  const ownMaxTokens = max_completion_tokens ?? max_tokens;
  const call: LlmCall = {
    messages,
    maxTokens: ownMaxTokens ?? maxTokens,
    temperature: temperature ?? undefined,
    isStreamed: stream === true,
    extra: sorted.extra,
  };
  if (!call.isStreamed && isObject(call.extra.stream_options))
    return invalidRequest('stream_options: expected only with stream', 'stream_options');
  const addedMaxTokens = ownMaxTokens === undefined ? maxTokens : undefined;
  const endUser = safety_identifier || user || undefined;
  return { llm: call, endUser, addedMaxTokens, dropped: sorted.dropped };
}

/** Types of parts whose tokens have an upper bound; films, and files behind a URL, have none. */
const BOUNDED_PARTS = ['text', 'refusal', 'input_audio'];

/** Names the first part of a message whose tokens cannot be reserved. */
function unboundedPart(messages: readonly JsonObject[]): string | undefined {
  for (const [at, { content }] of messages.entries()) {
    const part = Array.isArray(content) ? content.findIndex((entry) => !isBounded(entry)) : -1;
    if (part >= 0) return `messages[${at}].content[${part}]`;
  }
  return undefined;
}

function isBounded(part: unknown): boolean {
  if (!isObject(part) || typeof part.type !== 'string') return false;
  if (BOUNDED_PARTS.includes(part.type)) return true;
  if (part.type === 'image_url') return isImage(part.image_url);
  const data = part.type === 'file' && isObject(part.file) ? part.file.file_data : undefined;
  return typeof data === 'string' && data.startsWith('data:');
}

/** Routers take films and PDFs here, too, by their media type or a `format` beside it. A plain URL is taken for an image. */
function isImage(image: unknown): boolean {
  const { url, format } = isObject(image) ? image : { url: image, format: undefined };
  const hasImageFormat = format === undefined || format === null || (isText(format) && format.startsWith('image/'));
  return hasImageFormat && isBoundedImage(url);
}

/** Tells whether a value is the URL of an image, or holds one. */
export const isBoundedImage = (url: unknown): boolean =>
  isText(url) && (isImageData(url) || /^[a-z][a-z\d+.-]*:\/\//i.test(url));

/** Writes a path as `messages[0].role`. */
export function paramOf(path: readonly PropertyKey[]): string {
  return path.map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at ? '.' : ''}${String(part)}`)).join('');
}
