// Function calling as chat completions have it: the tools of a request, and the calls of an answer. What has no form elsewhere is refused.

import { isObject, type JsonObject, objectAt, parseJson, textAt } from '../../../codecs/json-object.ts';
import { type LlmCall, unsupported } from '../contract.ts';

export interface FunctionTool {
  readonly name: string;
  readonly description: string | undefined;
  /** JSON Schema of its arguments. */
  readonly schema: JsonObject;
  /** The arguments must fit their schema. */
  readonly isStrict: boolean;
}

export interface Tools {
  /** At least one. */
  readonly list: readonly FunctionTool[];
  /** `required`: any of them must be called; a name: this one. */
  readonly choice: 'auto' | 'none' | 'required' | { readonly name: string };
  /** false: one call at most. */
  readonly isParallel: boolean;
}

/** The fields of a client that are read here. */
export const TOOL_FIELDS = ['tools', 'tool_choice', 'parallel_tool_calls'];

/** undefined without any. Throws an LlmFailure (`unsupported`) for tools that are no functions, and for a choice among some of them. */
export function toolsOf({ extra }: LlmCall): Tools | undefined {
  const { tools = [], tool_choice: choice = 'auto', parallel_tool_calls: parallel } = extra;
  const list = Array.isArray(tools) ? tools.map(toolOf) : [];
  if (list.length > 0) return { list, choice: choiceOf(choice), isParallel: parallel !== false };
  if (choice !== 'auto' && choice !== 'none') throw unsupported('tool_choice without tools');
  return undefined;
}

function toolOf(tool: unknown): FunctionTool {
  const its = isObject(tool) && tool.type === 'function' ? objectAt(tool, 'function') : undefined;
  const name = textAt(its, 'name');
  if (its === undefined || name === undefined) throw unsupported('tools that are no functions');
  return {
    name,
    description: textAt(its, 'description'),
    schema: objectAt(its, 'parameters') ?? { type: 'object', properties: {} },
    isStrict: its.strict === true,
  };
}

function choiceOf(choice: unknown): Tools['choice'] {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  const name = isObject(choice) && choice.type === 'function' ? textAt(choice, 'function', 'name') : undefined;
  if (name === undefined) throw unsupported('this tool_choice');
  return { name };
}

/** A call of a function, by the model. */
export interface FunctionCall {
  readonly id: string;
  readonly name: string;
  readonly input: JsonObject;
  /** What Gemini wants to see again with the call, in the place where its own chat completions have it. */
  readonly signature?: string | undefined;
}

/** The calls of a message of the assistant. Throws an LlmFailure (`unsupported`) for one that cannot be read. */
export function toolCallsOf({ tool_calls: calls }: JsonObject): readonly FunctionCall[] {
  return Array.isArray(calls) ? calls.map(callOf) : [];
}

function callOf(call: unknown): FunctionCall {
  const its = isObject(call) ? call : undefined;
  const [id, name] = [textAt(its, 'id'), textAt(its, 'function', 'name')];
  const input = parseJson(textAt(its, 'function', 'arguments') || '{}');
  if (id === undefined || name === undefined) throw unsupported('tool calls that are no functions');
  if (!isObject(input)) throw unsupported('tool calls whose arguments are no object in JSON');
  return { id, name, input, signature: textAt(its, 'extra_content', 'google', 'thought_signature') };
}

/** A part of a call as it comes: its head, then its arguments, or all at once. `index`: from 0, which of the calls. */
export interface ToolCallDelta {
  readonly index: number;
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  /** JSON, or a piece of it. */
  readonly input?: string | undefined;
  readonly signature?: string | undefined;
}

/** As a chat completion has it; `index` is for streams alone. */
export function toolCallJson(
  { index, id, name, input = '', signature }: ToolCallDelta,
  isStreamed: boolean,
): JsonObject {
  return {
    ...(isStreamed ? { index } : {}),
    ...(id === undefined ? {} : { id, type: 'function' }),
    function: { ...(name === undefined ? {} : { name }), arguments: input },
    ...(signature === undefined ? {} : { extra_content: { google: { thought_signature: signature } } }),
  };
}
