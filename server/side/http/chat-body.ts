// The body of a chat completion as clients of OpenAI write it, checked. What would change where a call runs, who keeps it or what it
// costs beyond its tokens is the business of the class, so a client cannot say it.

import type { LlmCall } from '../../../adapters/llm/llm.ts';
import type { Problem } from '../../side-error.ts';
import { isImageData } from '../prompt-tokens.ts';
import { isObject, type JsonObject } from './json-body.ts';
import { invalid } from './route.ts';

/** Passed on as they are. */
const PASSED_ON = [
  ...['tools', 'tool_choice', 'parallel_tool_calls', 'functions', 'function_call', 'response_format'],
  ...['stop', 'seed', 'top_p', 'top_k', 'min_p', 'presence_penalty', 'frequency_penalty', 'repetition_penalty'],
  ...['logit_bias', 'logprobs', 'top_logprobs', 'reasoning_effort', 'reasoning', 'thinking', 'verbosity'],
  ...['prediction', 'prompt_cache_key', 'safety_identifier', 'user', 'stream_options'],
];

const MAX_MESSAGES = 10_000;
/** Of all messages together. */
const MAX_PARTS = 10_000;

type Check = readonly [fits: (value: unknown) => boolean, expected: string];

const isText = (value: unknown): value is string => typeof value === 'string';
const isTokens = (value: unknown) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 10_000_000;
const tokens: Check = [isTokens, 'expected a whole number from 1 to 10000000'];

/** By hand: a schema would cost each call more than the parse of its body. null is as if the field was not there. */
const CHECKS: Readonly<Record<string, Check>> = {
  model: [(value) => isText(value) && value.length <= 200, 'expected the name of a model'],
  max_tokens: tokens,
  max_completion_tokens: tokens,
  temperature: [(value) => typeof value === 'number' && value >= 0 && value <= 2, 'expected a number from 0 to 2'],
  stream: [(value) => typeof value === 'boolean', 'expected true or false'],
  n: [(value) => value === 1, 'expected 1: each answer is a call of its own'],
  store: [(value) => value === false, 'expected false: what is kept of a call is for the class to say'],
};

/** What is wrong with one of them, and where. */
type Fault = { readonly param: string; readonly expected: string };

function faultOf(body: JsonObject): Fault | undefined {
  for (const [param, [fits, expected]] of Object.entries(CHECKS)) {
    const value = Object.hasOwn(body, param) ? body[param] : undefined;
    if (value !== undefined && value !== null && !fits(value)) return { param, expected };
  }
  return messagesFault(body.messages) ?? toolsFault(body.tools);
}

function messagesFault(messages: unknown): Fault | undefined {
  const param = 'messages';
  if (!Array.isArray(messages)) return { param, expected: 'expected a list of messages' };
  if (messages.length === 0 || messages.length > MAX_MESSAGES)
    return { param, expected: `expected 1 to ${MAX_MESSAGES} messages, got ${messages.length}` };
  const wrong = messages.findIndex((message) => !isObject(message) || !isText(message.role));
  if (wrong < 0) return partsFault(messages);
  return isObject(messages[wrong])
    ? { param: `messages[${wrong}].role`, expected: 'expected a role such as user or system' }
    : { param: `messages[${wrong}]`, expected: 'expected an object with role and content' };
}

function partsFault(messages: readonly JsonObject[]): Fault | undefined {
  const parts = messages.reduce((sum, { content }) => sum + (Array.isArray(content) ? content.length : 0), 0);
  return parts > MAX_PARTS
    ? { param: 'messages', expected: `expected at most ${MAX_PARTS} parts of content in all, got ${parts}` }
    : undefined;
}

function toolsFault(tools: unknown): Fault | undefined {
  if (tools === undefined || tools === null) return undefined;
  if (!Array.isArray(tools)) return { param: 'tools', expected: 'expected a list' };
  const isTool = (tool: unknown) => isObject(tool) && (tool.type === 'function' || tool.type === 'custom');
  const wrong = tools.findIndex((tool) => !isTool(tool));
  return wrong < 0 ? undefined : { param: `tools[${wrong}].type`, expected: 'expected function or custom' };
}

/** What is left of a body without fault, as far as it is read here. */
interface Checked {
  readonly model?: string | null;
  readonly messages: readonly JsonObject[];
  readonly max_tokens?: number | null;
  readonly max_completion_tokens?: number | null;
  readonly temperature?: number | null;
  readonly stream?: boolean | null;
}

const READ = ['model', 'messages', 'max_tokens', 'max_completion_tokens', 'temperature', 'stream', 'n', 'store'];

export interface ChatBody {
  readonly model: string | undefined;
  readonly llm: LlmCall;
}

/** `maxTokens`: where the client does not say how long an answer may be. */
export function readChatBody(body: JsonObject, maxTokens: number): { readonly chat: ChatBody } | Problem {
  const fault = faultOf(body);
  if (fault !== undefined) return invalid(`${fault.param}: ${fault.expected}`, fault.param);
  const given = Object.entries(body).filter(([, value]) => value !== null && value !== undefined);
  const refused = given.find(([name]) => !READ.includes(name) && !PASSED_ON.includes(name))?.[0];
  if (refused !== undefined) {
    const name = refused.slice(0, 80);
    return invalid(`${name}: not passed on by this gateway; expected fields of a chat completion`, name);
  }
  const { model, messages, max_tokens, max_completion_tokens, temperature, stream } = body as unknown as Checked;
  const unbounded = unboundedPart(messages);
  if (unbounded !== undefined) {
    const images = 'image_url with a data:image/... URL or the URL of an image';
    return invalid(`${unbounded}: expected text, ${images}, input_audio, or a file as a data: URL`, unbounded);
  }
  const call: LlmCall = {
    messages,
    maxTokens: max_completion_tokens ?? max_tokens ?? maxTokens,
    temperature: temperature ?? undefined,
    isStreamed: stream === true,
    extra: Object.fromEntries(given.filter(([name]) => PASSED_ON.includes(name))),
  };
  return call.isStreamed || !isObject(call.extra.stream_options)
    ? { chat: { model: model || undefined, llm: call } }
    : invalid('stream_options: expected only with stream', 'stream_options');
}

/** Of a film, or of a file that is elsewhere, it is not known what it may count for at most. */
const BOUNDED_PARTS = ['text', 'refusal', 'input_audio'];

/** The place of the first part of a message whose tokens nobody can reserve. */
function unboundedPart(messages: readonly JsonObject[]): string | undefined {
  for (const [at, { content }] of messages.entries()) {
    const part = Array.isArray(content) ? content.findIndex((one) => !isBounded(one)) : -1;
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

/** Routers take a film or a PDF here, too, by its own media type or by a `format` beside it. What is behind a URL is taken for an image. */
function isImage(image: unknown): boolean {
  const { url, format } = isObject(image) ? image : { url: image, format: undefined };
  const isSaidToBe = format === undefined || format === null || (isText(format) && format.startsWith('image/'));
  return isSaidToBe && isText(url) && (isImageData(url) || /^[a-z][a-z\d+.-]*:\/\//i.test(url));
}
