// The tools that a client declares to OpenAI, and its choice among them: flat in realtime, inside of `function` in chat completions.

import { z } from 'zod';
import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { askedCall, type OfferedFunction, type ToolChoice } from '../tool-call.ts';
import type { ReplyPrompt } from '../voice/reply-text.ts';

export const toolSchema = z.looseObject({ type: z.string(), name: z.string().optional() });
export const toolChoiceSchema = z.union([z.enum(['auto', 'none', 'required']), toolSchema]);

/** A call of a function. `pieces`: its arguments in JSON, as they are streamed. */
export interface ToolCall {
  readonly name: string;
  readonly pieces: readonly string[];
}

/** The call that a request asks for; undefined when it asks for none. */
export function chooseCall(tools: readonly unknown[], choice: unknown, prompt: ReplyPrompt): ToolCall | undefined {
  const call = askedCall(tools.flatMap(functionOf), prompt, choiceOf(choice));
  return call && { name: call.name, pieces: JSON.stringify(call.args).match(/.{1,8}/gs) ?? [] };
}

function functionOf(tool: unknown): readonly OfferedFunction[] {
  const { type, name, parameters } = flat(tool);
  return type === 'function' && typeof name === 'string' && name ? [{ name, parameters }] : [];
}

function choiceOf(choice: unknown): ToolChoice {
  if (choice === 'none') return { isRequired: false, names: [] };
  if (!isObject(choice)) return { isRequired: choice === 'required' };
  const { type, name, mode, tools } = flat(choice);
  if (type !== 'allowed_tools') return { isRequired: true, names: [name] };
  return { isRequired: mode === 'required', names: Array.isArray(tools) ? tools.map((tool) => flat(tool).name) : [] };
}

/** A tool or choice with what chat completions put inside of it. */
function flat(tool: unknown): JsonObject {
  if (!isObject(tool)) return {};
  const inner = tool.function ?? tool.allowed_tools;
  return isObject(inner) ? { ...tool, ...inner } : tool;
}
