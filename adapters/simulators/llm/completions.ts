// The LLM gateway of the rehearsal: answers chat completions without a model, out of the words of the request.
// Rule: every answer names `rehearsal` as its model and provider, and costs nothing.

import { isObject, type JsonObject, objectAt, parseJson, textAt } from '../../../codecs/json/object.ts';
import { chooseCall, type ToolCall } from '../openai/tools.ts';
import { createId } from '../random-id.ts';
import { textTokenCount } from '../tokens.ts';
import { type ReplyPrompt, replyText, textPieces } from '../voice/reply-text.ts';
import { valueForSchema } from './extraction.ts';
import { REHEARSAL_MODEL, type RehearsalReply, rehearsalError, wholeReply } from './reply.ts';
import { TASK_ANSWERS } from './task-answers.ts';
import { parseTranscript } from './transcript.ts';

/** Answers the body of a chat completion request, streamed when it asks for that. */
export function completionReply(body: string): RehearsalReply {
  const request = parseJson(body);
  if (!isObject(request)) return rehearsalError(400, 'expected a JSON object');
  const messages = Array.isArray(request.messages) ? request.messages.filter(isObject) : [];
  if (messages.length === 0) return rehearsalError(400, 'messages: expected at least one');
  const answer = answerTo(request, messages);
  const usage = usageOf(messages, answer);
  if (request.stream === true) {
    const wantsUsage = objectAt(request, 'stream_options')?.include_usage === true;
    return streamed(answer, wantsUsage ? usage : undefined);
  }
  const choices = [{ index: 0, message: wholeMessage(answer), finish_reason: finishOf(answer) }];
  return wholeReply({ ...head('chat.completion'), choices, usage });
}

interface Answer {
  readonly text: string;
  /** The function that is called instead of an answer in text. */
  readonly call?: ToolCall | undefined;
}

function answerTo({ tools, tool_choice, ...request }: JsonObject, messages: readonly JsonObject[]): Answer {
  const prompt = promptOf(messages);
  const call = chooseCall(Array.isArray(tools) ? tools : [], tool_choice, prompt);
  const format = objectAt(request, 'response_format', 'json_schema');
  const schema = objectAt(format, 'schema');
  if (call) return { text: '', call };
  return { text: schema ? answerInShape(messages, textAt(format, 'name') ?? '', schema) : replyText(prompt) };
}

/** The last message of the user, or the answer of the tool that was called after it. */
function promptOf(messages: readonly JsonObject[]): ReplyPrompt {
  const last = messages.findLast(({ role }) => role === 'user' || role === 'tool');
  if (last?.role !== 'tool') return { kind: 'text', text: last ? contentOf(last) : '' };
  const calls = messages.flatMap(({ tool_calls }) => (Array.isArray(tool_calls) ? tool_calls.filter(isObject) : []));
  const call = calls.find(({ id }) => id === last.tool_call_id);
  return { kind: 'tool', name: textAt(call, 'function', 'name') ?? 'function', output: contentOf(last) };
}

/** The answer to a task. `name`: the name of the schema that the answer is to have. */
function answerInShape(messages: readonly JsonObject[], name: string, schema: JsonObject): string {
  const textsOf = (role: string) => messages.filter((message) => message.role === role).map(contentOf);
  // The first message holds the data of the task. Later ones complain about an invalid answer.
  const transcript = parseTranscript(textsOf('user')[0] ?? '');
  const answer = TASK_ANSWERS[name]?.({ transcript, schema, instructions: textsOf('system').join('\n\n') });
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

function finishOf({ call }: Answer): 'tool_calls' | 'stop' {
  return call ? 'tool_calls' : 'stop';
}

function wholeMessage({ text, call }: Answer): JsonObject {
  if (!call) return { role: 'assistant', content: text };
  return { role: 'assistant', content: null, tool_calls: [functionCall(call.name, call.pieces.join(''))] };
}

function functionCall(name: string, args: string): JsonObject {
  return { id: createId('call_', 24), type: 'function', function: { name, arguments: args } };
}

/** The pieces of a message, as a stream has them: the first says whose it is. */
function deltasOf({ text, call }: Answer): readonly JsonObject[] {
  const role = 'assistant';
  if (call) {
    const pieces = call.pieces.map((piece) => ({ tool_calls: [{ index: 0, function: { arguments: piece } }] }));
    return [{ role, content: null, tool_calls: [{ index: 0, ...functionCall(call.name, '') }] }, ...pieces];
  }
  return [{ role, content: '' }, ...textPieces(text).map((content) => ({ content }))];
}

function streamed(answer: Answer, usage: JsonObject | undefined): RehearsalReply {
  const chunk = (delta: JsonObject, finish: string | null) =>
    event({ ...head('chat.completion.chunk'), choices: [{ index: 0, delta, finish_reason: finish }] });
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    pieces: [
      ...deltasOf(answer).map((delta) => chunk(delta, null)),
      chunk({}, finishOf(answer)),
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

function usageOf(messages: readonly JsonObject[], { text, call }: Answer): JsonObject {
  const prompt = textTokenCount(messages.map(contentOf).join(''));
  const completion = textTokenCount(call ? call.name + call.pieces.join('') : text);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, cost: 0 };
}
