// The LLM gateway of the rehearsal: answers chat completions without a model, out of the words of the request.
// Rule: every answer names `rehearsal` as its model and provider, and costs nothing.

import { isObject, type JsonObject, objectAt, parseJson, textAt } from '../../../codecs/json-object.ts';
import type { HttpReply } from '../../realtime/refusal.ts';
import { textTokenCount } from '../tokens.ts';
import { replyText } from '../voice/reply-text.ts';
import { valueForSchema } from './extraction.ts';
import { TASK_ANSWERS } from './task-answers.ts';
import { parseTranscript } from './transcript.ts';

const REHEARSAL_MODEL = 'rehearsal';
/** Path of the endpoint, under the URL of the rehearsal provider. */
export const COMPLETIONS_PATH = '/v1/chat/completions';

/** An HTTP reply whose body comes in pieces: one for a whole answer, one for each event of a stream. */
export type CompletionReply = Omit<HttpReply, 'body'> & { readonly pieces: readonly string[] };

/** Answers the body of a chat completion request, streamed when it asks for that. Errors are in OpenAI's shape. */
export function completionReply(body: string): CompletionReply {
  const request = parseJson(body);
  if (!isObject(request)) return completionError(400, 'expected a JSON object');
  const messages = Array.isArray(request.messages) ? request.messages.filter(isObject) : [];
  if (messages.length === 0) return completionError(400, 'messages: expected at least one');
  const text = answerFor(messages, objectAt(request, 'response_format', 'json_schema'));
  const usage = usageOf(messages, text);
  if (request.stream === true) {
    const wantsUsage = objectAt(request, 'stream_options')?.include_usage === true;
    return streamed(text, wantsUsage ? usage : undefined);
  }
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

/** `format`: the name and the schema that the request wants the answer to have. */
function answerFor(messages: readonly JsonObject[], format: JsonObject | undefined): string {
  const textsOf = (role: string) => messages.filter((message) => message.role === role).map(contentOf);
  const schema = objectAt(format, 'schema');
  if (schema === undefined) return replyText({ kind: 'text', text: textsOf('user').at(-1) ?? '' });
  // The first message holds the data of the task. Later ones complain about an invalid answer.
  const transcript = parseTranscript(textsOf('user')[0] ?? '');
  const answer = TASK_ANSWERS[textAt(format, 'name') ?? '']?.({
    transcript,
    schema,
    instructions: textsOf('system').join('\n\n'),
  });
  if (answer !== undefined && hasShape(answer, schema)) return JSON.stringify(answer);
  return JSON.stringify(valueForSchema(schema, transcript.lines.map(({ text }) => text).join('\n')));
}

/** The text of a message, whose content may be a list of parts. */
function contentOf({ content }: JsonObject): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('\n');
}

/** True when the value has exactly the properties of the schema: users may give a built-in task a schema of their own. */
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

function head(object: string): JsonObject {
  return {
    id: 'rehearsal',
    object,
    created: Math.floor(Date.now() / 1000),
    model: REHEARSAL_MODEL,
    provider: REHEARSAL_MODEL,
  };
}

function usageOf(messages: readonly JsonObject[], text: string): JsonObject {
  const prompt = textTokenCount(messages.map(contentOf).join(''));
  const completion = textTokenCount(text);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, cost: 0 };
}
