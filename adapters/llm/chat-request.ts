// What the profiles of other forms read from a chat completion request. What cannot be said in another form is refused, never dropped.

import { isObject, type JsonObject } from '../event.ts';
import { type LlmCall, LlmFault } from './llm.ts';

export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

export interface Dialogue {
  /** The system messages, joined; undefined without any. */
  readonly system: string | undefined;
  /** Turns in order, neighbours of one side joined, beginning with the user's. */
  readonly turns: readonly Turn[];
}

/** The messages of a call as text. Throws an LlmFault (`unsupported`) for images, audio and tools. */
export function dialogueOf({ messages }: LlmCall): Dialogue {
  const system: string[] = [];
  const turns: { role: Turn['role']; text: string }[] = [];
  for (const message of messages) {
    const text = textOf(message);
    const { role } = message;
    if (role === 'system' || role === 'developer') system.push(text);
    else if (role !== 'user' && role !== 'assistant') throw unsupported('messages with tools');
    else if (turns.at(-1)?.role === role) (turns.at(-1) as { text: string }).text += `\n\n${text}`;
    else turns.push({ role, text });
  }
  // Both forms want the user to begin; a prompt of instructions only is common.
  if (turns.length === 0 && system.length > 0) turns.push({ role: 'user', text: system.pop() as string });
  if (turns[0]?.role !== 'user') throw unsupported('a dialogue that the assistant begins');
  return { system: system.length === 0 ? undefined : system.join('\n\n'), turns };
}

function textOf({ content, tool_calls: toolCalls }: JsonObject): string {
  if (Array.isArray(toolCalls) && toolCalls.length > 0) throw unsupported('messages with tools');
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw unsupported('messages without text');
  return content
    .map((part) => {
      if (isObject(part) && part.type === 'text' && typeof part.text === 'string') return part.text;
      throw unsupported('messages with other parts than text');
    })
    .join('\n');
}

export const unsupported = (what: string): LlmFault =>
  new LlmFault('unsupported', `this endpoint has no form for ${what} in Trunkline`);

/** They ask for nothing that an answer could lack. */
const HINTS = [
  ...['user', 'safety_identifier', 'prompt_cache_key', 'verbosity', 'reasoning_effort', 'parallel_tool_calls'],
  ...['seed', 'stream_options', 'prediction'],
];

/** The client's other fields under the names that this form has for them. Throws an LlmFault (`unsupported`) for one without a name. */
export function renamedExtra(extra: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  const renamed: [string, unknown][] = [];
  for (const [field, value] of Object.entries(extra)) {
    const name = names[field];
    if (name !== undefined) renamed.push([name, field === 'stop' && typeof value === 'string' ? [value] : value]);
    else if (!HINTS.includes(field) && field !== 'response_format') throw unsupported(field);
  }
  return Object.fromEntries(renamed);
}

/** The schema that the answer must have, of the call or in the client's `response_format`. */
export function schemaOf({ schema, extra }: LlmCall): JsonObject | undefined {
  if (schema !== undefined) return schema.schema;
  const format = extra.response_format;
  if (format === undefined || (isObject(format) && format.type === 'text')) return undefined;
  const asked = isObject(format) && isObject(format.json_schema) ? format.json_schema.schema : undefined;
  if (isObject(asked)) return asked;
  throw unsupported('response_format without a schema');
}
