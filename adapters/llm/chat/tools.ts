// Function calling in chat completions, for profiles of other forms: reads tools and calls of a request, writes calls of an answer.

import { isObject, type JsonObject, objectAt, parseJson, textAt } from '../../../codecs/json/object.ts';
import { type LlmCall, unsupported } from '../contract.ts';

export interface Tools {
  /** The tools; there is at least one. */
  readonly list: readonly ReturnType<typeof toolOf>[];
  /** `required`: the model must call a tool. A name: it must call this one. */
  readonly choice: 'auto' | 'none' | 'required' | { readonly name: string };
  /** True when the model may make several calls at once. */
  readonly isParallel: boolean;
}

/** Fields of a request that `toolsOf` reads. */
export const TOOL_FIELDS = ['tools', 'tool_choice', 'parallel_tool_calls'];

/** The tools of a call; undefined without any. @throws LlmFailure `unsupported` for tools that are no functions, and for a choice among some. */
export function toolsOf({ extra }: LlmCall): Tools | undefined {
  const { tools = [], tool_choice: choice = 'auto', parallel_tool_calls: parallel } = extra;
  const list = Array.isArray(tools) ? tools.map(toolOf) : [];
  if (list.length > 0) return { list, choice: choiceOf(choice), isParallel: parallel !== false };
  if (choice !== 'auto' && choice !== 'none') throw unsupported('tool_choice without tools');
  return undefined;
}

/** `schema`: JSON Schema of the arguments. `isStrict`: they must fit it. */
function toolOf(tool: unknown) {
  const declaration = isObject(tool) && tool.type === 'function' ? objectAt(tool, 'function') : undefined;
  const name = textAt(declaration, 'name');
  if (declaration === undefined || name === undefined) throw unsupported('tools that are no functions');
  return {
    name,
    description: textAt(declaration, 'description'),
    schema: objectAt(declaration, 'parameters') ?? { type: 'object', properties: {} },
    isStrict: declaration.strict === true,
  };
}

function choiceOf(choice: unknown): Tools['choice'] {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  const name = isObject(choice) && choice.type === 'function' ? textAt(choice, 'function', 'name') : undefined;
  if (name === undefined) throw unsupported('this tool_choice');
  return { name };
}

/** A function call of the model. */
export interface FunctionCall {
  readonly id: string;
  readonly name: string;
  readonly input: JsonObject;
  /** Gemini's thought signature, which has to be sent back with the call. */
  readonly signature?: string | undefined;
}

/** The calls in a message of the assistant. @throws LlmFailure `unsupported` for a call that cannot be read. */
export function toolCallsOf({ tool_calls: calls }: JsonObject): readonly FunctionCall[] {
  return Array.isArray(calls) ? calls.map(callOf) : [];
}

function callOf(call: unknown): FunctionCall {
  const object = isObject(call) ? call : undefined;
  const [id, name] = [textAt(object, 'id'), textAt(object, 'function', 'name')];
  const input = parseJson(textAt(object, 'function', 'arguments') || '{}');
  if (id === undefined || name === undefined) throw unsupported('tool calls that are no functions');
  if (!isObject(input)) throw unsupported('tool calls whose arguments are no object in JSON');
  return { id, name, input, signature: textAt(object, 'extra_content', 'google', 'thought_signature') };
}

/** A part of a call: its head, a piece of its arguments, or all of it. `index`: position among the calls, from 0. */
export interface ToolCallDelta extends Partial<Omit<FunctionCall, 'input'>> {
  readonly index: number;
  /** JSON, or a piece of it. */
  readonly input?: string | undefined;
}

/** Writes a call for a chat completion. Only streams have an `index`. */
export function toolCallJson(
  { index, id, name, input = '', signature }: ToolCallDelta,
  isStreamed: boolean,
): JsonObject {
  return {
    index: isStreamed ? index : undefined,
    id,
    type: id && 'function',
    function: { name, arguments: input },
    extra_content: signature && { google: { thought_signature: signature } },
  };
}
