// The call of a tool that is made without a model. Rule: a tool is called only when the client asks for it, since whoever offers
// tools may carry out what is called, with arguments that nobody chose.

import type { JsonObject } from '../../codecs/json/object.ts';
import { argumentsFor } from './json-schema.ts';
import type { ReplyPrompt } from './voice/reply-text.ts';

/** A function that a client offers, with the JSON Schema of its arguments. */
export interface OfferedFunction {
  readonly name: string;
  readonly parameters?: unknown;
}

/** A call. `args`: the required arguments, with plausible values. */
export interface AskedCall {
  readonly name: string;
  readonly args: JsonObject;
}

/** The client's choice. `isRequired`: one must be made. `names`: the functions that may be called; all without it. */
export interface ToolChoice {
  readonly isRequired: boolean;
  readonly names?: readonly unknown[];
}

/**
 * The call that answers a prompt: of the first function that is asked for, by the choice of the client or by the user's words.
 * Undefined when none is, and when the prompt is the result of a call.
 */
export function askedCall(
  functions: readonly OfferedFunction[],
  prompt: ReplyPrompt,
  choice: ToolChoice = { isRequired: false },
): AskedCall | undefined {
  if (prompt.kind === 'tool') return undefined;
  const text = prompt.kind === 'text' ? prompt.text : '';
  const allowed = functions.filter(({ name }) => choice.names === undefined || choice.names.includes(name));
  const named = allowed.find(({ name }) => asksFor(text, name));
  const found = named ?? (choice.isRequired ? allowed[0] : undefined);
  return found && { name: found.name, args: argumentsFor(found.parameters) };
}

/** A name that is also a word of everyday text, such as `weather` or `Read`. */
const PLAIN_WORD = /^[A-Z]?[a-z]+$/;

/**
 * True when a text asks for a tool: it holds a name such as `get_weather` as it is written. A name that is a plain word must be
 * asked for as a tool: `call weather`, `use the weather tool`.
 */
function asksFor(text: string, name: string): boolean {
  const written = `(?<![\\w-])["'\`]?${name.replace(/[^\w\s]/g, '\\$&')}["'\`]?(?![\\w-])`;
  if (!PLAIN_WORD.test(name)) return new RegExp(written, 'i').test(text);
  const asked = `\\b(?:call|use|run|invoke|tool)\\s+(?:the\\s+|your\\s+)?(?:tool\\s+|function\\s+)?${written}`;
  return new RegExp(`${asked}|${written}\\s+tool\\b`, 'i').test(text);
}
