// Reads a chat completion request for profiles of other forms. Rule: a part that has no other form is refused, never dropped.

import { isObject, type JsonObject, textAt } from '../../../codecs/json-object.ts';
import { type LlmCall, unsupported } from '../contract.ts';
import { type FunctionCall, TOOL_FIELDS, toolCallsOf } from './tools.ts';

export type ContentPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'image'; readonly image: ImageSource }
  | { readonly kind: 'call'; readonly call: FunctionCall }
  /** The result of a tool. `name`: the function that was called. */
  | { readonly kind: 'result'; readonly id: string; readonly name: string; readonly text: string };

/** An image as base64, or by its URL. */
export type ImageSource =
  | { readonly mediaType: string; readonly data: string }
  | { readonly mediaType: undefined; readonly url: string };

interface ChatTurn {
  readonly role: 'user' | 'assistant';
  readonly parts: readonly ContentPart[];
}

interface Dialogue {
  /** The system messages, joined; undefined without any. */
  readonly system: string | undefined;
  /** Turns that alternate, the user's first. Results of tools are in the user's turns. */
  readonly turns: readonly ChatTurn[];
}

/** Reads the messages of a call. @throws LlmFailure `unsupported` for audio, files and messages of other roles. */
export function dialogueOf({ messages }: LlmCall): Dialogue {
  const system: string[] = [];
  const turns: { role: ChatTurn['role']; parts: ContentPart[] }[] = [];
  const namesById = new Map<string, string>();
  for (const message of messages) {
    const { role } = message;
    if (role === 'system' || role === 'developer') {
      system.push(textIn(message.content));
      continue;
    }
    const speaker = role === 'assistant' ? 'assistant' : 'user';
    if (turns.at(-1)?.role !== speaker) turns.push({ role: speaker, parts: [] });
    const turn = turns.at(-1) as (typeof turns)[number];
    for (const part of partsOf(message, namesById)) addPart(turn.parts, part, '\n\n');
  }
  // The other forms want the user to begin, but prompts of instructions alone are common.
  if (turns.length === 0 && system.length > 0)
    turns.push({ role: 'user', parts: [{ kind: 'text', text: system.pop() as string }] });
  if (turns[0]?.role !== 'user') throw unsupported('a dialogue that the assistant begins');
  return { system: system.length === 0 ? undefined : system.join('\n\n'), turns };
}

/** Adds a part behind the others. Adjacent texts are joined. */
function addPart(parts: ContentPart[], part: ContentPart, separator: string): void {
  const last = parts.at(-1);
  const areTexts = last?.kind === 'text' && part.kind === 'text';
  if (areTexts) parts.splice(-1, 1, { kind: 'text', text: last.text + separator + part.text });
  else parts.push(part);
}

/** The parts of a message. `namesById`: the functions that were called so far, by the id of the call. */
function partsOf(message: JsonObject, namesById: Map<string, string>): readonly ContentPart[] {
  switch (message.role) {
    case 'user':
      return contentOf(message.content);
    case 'assistant': {
      const calls = toolCallsOf(message);
      if (message.function_call !== undefined && message.function_call !== null) throw unsupported('function_call');
      for (const { id, name } of calls) namesById.set(id, name);
      if (calls.length === 0) return [{ kind: 'text', text: textIn(message.content) }];
      const text = textIn(message.content ?? '');
      // Endpoints refuse an empty text beside calls.
      const texts = text === '' ? [] : [{ kind: 'text', text } as const];
      return [...texts, ...calls.map((call) => ({ kind: 'call', call }) as const)];
    }
    case 'tool': {
      const id = textAt(message, 'tool_call_id') ?? '';
      const name = namesById.get(id);
      if (name === undefined) throw unsupported('what a tool gave back without its call');
      return [{ kind: 'result', id, name, text: textIn(message.content) }];
    }
    default:
      throw unsupported('messages of other roles than system, user, assistant and tool');
  }
}

/** The parts of a content. Adjacent texts are joined. */
function contentOf(content: unknown): readonly ContentPart[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  if (!Array.isArray(content)) throw unsupported('messages without text');
  const parts: ContentPart[] = [];
  for (const part of content) addPart(parts, partOf(part), '\n');
  return parts;
}

function partOf(part: unknown): ContentPart {
  if (isObject(part) && part.type === 'text' && typeof part.text === 'string') return { kind: 'text', text: part.text };
  const url = isObject(part) && part.type === 'image_url' ? textAt(part, 'image_url', 'url') : undefined;
  if (url === undefined) throw unsupported('messages with other parts than text and images');
  return { kind: 'image', image: imageAt(url) };
}

function imageAt(url: string): ImageSource {
  if (/^https?:/i.test(url)) return { mediaType: undefined, url };
  // The pattern reads only the head, since the data may have megabytes.
  const [, mediaType] = /^data:([\w.+-]+\/[\w.+-]+);base64,/i.exec(url.slice(0, 200)) ?? [];
  if (mediaType === undefined) throw unsupported('images that are neither base64 nor behind a URL');
  return { mediaType: mediaType.toLowerCase(), data: url.slice(url.indexOf(',') + 1) };
}

function textIn(content: unknown): string {
  const [part, ...others] = contentOf(content);
  if (part === undefined) return '';
  if (part.kind !== 'text' || others.length > 0) throw unsupported('messages with other parts than text');
  return part.text;
}

/** Fields that have no other form: hints that may be dropped, since the answer is complete without them, and what is read elsewhere. */
const NOT_RENAMED = [
  ...[
    'user',
    'safety_identifier',
    'prompt_cache_key',
    'verbosity',
    'reasoning_effort',
    'seed',
    'stream_options',
    'prediction',
  ],
  ...['response_format', ...TOOL_FIELDS],
];

/** Renames the client's other fields for another form. @throws LlmFailure `unsupported` for a field without a name there. */
export function renameExtraFields(extra: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  const renamed: [string, unknown][] = [];
  for (const [field, value] of Object.entries(extra)) {
    const name = names[field];
    if (name !== undefined) renamed.push([name, field === 'stop' && typeof value === 'string' ? [value] : value]);
    else if (!NOT_RENAMED.includes(field)) throw unsupported(field);
  }
  return Object.fromEntries(renamed);
}

/** The schema that the answer must have, by the call or by the client's `response_format`. */
export function answerSchemaOf({ schema, extra }: LlmCall): JsonObject | undefined {
  if (schema !== undefined) return schema.schema;
  const format = extra.response_format;
  if (format === undefined || (isObject(format) && format.type === 'text')) return undefined;
  const fromClient = isObject(format) && isObject(format.json_schema) ? format.json_schema.schema : undefined;
  if (isObject(fromClient)) return fromClient;
  throw unsupported('response_format without a schema');
}
