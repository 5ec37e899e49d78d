// The stand-in for an LLM gateway: answers chat completions without a model, from what was really said. Pure. Everything it makes says
// that it is a rehearsal: `model` and `provider` do, and it costs nothing.

import { isObject, type JsonObject, parseJson } from '../../../codecs/json-object.ts';
import type { HttpReply } from '../../realtime/contract.ts';
import { replyText } from '../voice/reply-text.ts';
import { valueForSchema } from './extraction.ts';
import { TASK_ANSWERS } from './task-answers.ts';
import { parseTranscript } from './transcript.ts';

export const REHEARSAL_MODEL = 'rehearsal';
/** Where it is served, under the URL of the rehearsal provider. */
export const COMPLETIONS_PATH = '/v1/chat/completions';

/** A reply in pieces: one for a whole answer, one for each event of a stream. */
export type CompletionReply = Omit<HttpReply, 'body'> & { readonly pieces: readonly string[] };

/** The answer to the body of a chat completion, streamed when it asks for that. Faults are in OpenAI's shape. */
export function completionReply(body: string): CompletionReply {
  const request = parseJson(body);
  if (!isObject(request)) return completionError(400, 'expected a JSON object');
  const messages = Array.isArray(request.messages) ? request.messages.filter(isObject) : [];
  if (messages.length === 0) return completionError(400, 'messages: expected at least one');
  const text = textFor(messages, schemaOf(request));
  const usage = usageOf(messages, text);
  if (request.stream === true) return streamed(text, wantsUsage(request) ? usage : undefined);
  const choices = [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }];
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    pieces: [JSON.stringify({ ...head('chat.completion'), choices, usage })],
  };
}

export function completionError(status: number, message: string): CompletionReply {
  const error = { message, type: 'invalid_request_error', param: null, code: null };
  return { status, headers: { 'content-type': 'application/json' }, pieces: [JSON.stringify({ error })] };
}

interface Asked {
  readonly name: string;
  readonly schema: JsonObject;
}

function schemaOf({ response_format: format }: JsonObject): Asked | undefined {
  const given = isObject(format) && isObject(format.json_schema) ? format.json_schema : undefined;
  if (given === undefined || !isObject(given.schema)) return undefined;
  return { name: typeof given.name === 'string' ? given.name : '', schema: given.schema };
}

function textFor(messages: readonly JsonObject[], asked: Asked | undefined): string {
  const of = (role: string) => messages.filter((message) => message.role === role).map(contentOf);
  if (asked === undefined) return replyText({ kind: 'text', text: of('user').at(-1) ?? '' });
  const { name, schema } = asked;
  // The first message is the data; one after it complains about an answer.
  const data = of('user')[0] ?? '';
  const said = parseTranscript(data);
  const made = TASK_ANSWERS[name]?.({ said, schema, instructions: of('system').join('\n\n') });
  const isAsked = made !== undefined && hasShape(made, schema);
  return JSON.stringify(isAsked ? made : valueForSchema(schema, said.lines.map(({ text }) => text).join('\n')));
}

/** A content may be a text or a list of parts. */
function contentOf({ content }: JsonObject): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('\n');
}

/** A built-in kind may be asked for with a schema of the user's own, which its answer does not fit. */
function hasShape(value: JsonObject, schema: JsonObject): boolean {
  const properties = isObject(schema.properties) ? Object.keys(schema.properties) : [];
  const keys = Object.keys(value);
  return keys.length === properties.length && keys.every((key) => properties.includes(key));
}

function streamed(text: string, usage: JsonObject | undefined): CompletionReply {
  const chunk = (delta: JsonObject, finish: string | null) =>
    event({ ...head('chat.completion.chunk'), choices: [{ index: 0, delta, finish_reason: finish }] });
  const size = Math.max(1, Math.ceil(text.length / 4));
  const parts = text.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? [];
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    pieces: [
      chunk({ role: 'assistant', content: '' }, null),
      ...parts.map((content) => chunk({ content }, null)),
      chunk({}, 'stop'),
      ...(usage === undefined ? [] : [event({ ...head('chat.completion.chunk'), choices: [], usage })]),
      'data: [DONE]\n\n',
    ],
  };
}

const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`;

function wantsUsage({ stream_options: options }: JsonObject): boolean {
  return isObject(options) && options.include_usage === true;
}

function head(object: string): JsonObject {
  return {
    id: 'rehearsal',
    object,
    created: Math.floor(Date.now() / 1000),
    model: REHEARSAL_MODEL,
    provider: REHEARSAL_MODEL,
  };
}

/** About four characters are a token of English text. */
function usageOf(messages: readonly JsonObject[], text: string): JsonObject {
  const prompt = Math.ceil(messages.reduce((sum, message) => sum + contentOf(message).length, 0) / 4);
  const completion = Math.ceil(text.length / 4);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, cost: 0 };
}
