// Translates the tools of a Responses request into those of chat completions, and tells which of them whoever serves runs by itself.
// https://platform.openai.com/docs/guides/tools

import { isObject, type JsonObject, objectAt, textAt } from '../../../codecs/json/object.ts';
import type { Untranslated } from '../contract.ts';
import { CUSTOM_INPUT } from './items.ts';

interface TranslatedTools {
  /** The fields of chat completions. */
  readonly fields: JsonObject;
  readonly untranslated: Untranslated | undefined;
}

export function toolsOfRequest({
  tools,
  tool_choice: choice,
  parallel_tool_calls: parallel,
}: JsonObject): TranslatedTools {
  const list = toolsIn(tools);
  const at = list.findIndex((tool) => functionOf(tool) === undefined);
  const without = list[at];
  if (without !== undefined)
    return { fields: {}, untranslated: { what: `the tool ${nameOfTool(without)}`, param: `tools[${at}]` } };
  if (list.length === 0) return { fields: {}, untranslated: undefined };
  const allowed = isObject(choice) && choice.type === 'allowed_tools' ? allowedOf(choice) : undefined;
  const offered = allowed === undefined ? list : list.filter(({ name }) => allowed.names.includes(name));
  const own = allowed?.mode ?? choiceOf(choice);
  if (own === undefined) return { fields: {}, untranslated: { what: 'this tool_choice', param: 'tool_choice' } };
  if (offered.length === 0) return { fields: {}, untranslated: undefined };
  return {
    fields: {
      tools: offered.map((tool) => ({ type: 'function', function: functionOf(tool) })),
      ...(own === 'auto' ? {} : { tool_choice: own }),
      ...(typeof parallel === 'boolean' ? { parallel_tool_calls: parallel } : {}),
    },
    untranslated: undefined,
  };
}

const toolsIn = (tools: unknown): readonly JsonObject[] => (Array.isArray(tools) ? tools.filter(isObject) : []);

/** The function that a tool is, or that stands for it: free text is its only argument. undefined: there is none. */
function functionOf(tool: JsonObject): JsonObject | undefined {
  const { type, name, description, parameters, strict } = tool;
  const named = { name, ...(typeof description === 'string' ? { description } : {}) };
  if (type === 'function')
    return { ...named, ...(isObject(parameters) ? { parameters } : {}), ...(strict === true ? { strict } : {}) };
  const format = objectAt(tool, 'format')?.type ?? 'text';
  // Nobody else holds an input to a grammar.
  if (type !== 'custom' || format !== 'text') return undefined;
  const properties = { [CUSTOM_INPUT]: { type: 'string', description: 'The whole input of the tool.' } };
  return {
    ...named,
    parameters: { type: 'object', properties, required: [CUSTOM_INPUT], additionalProperties: false },
  };
}

function choiceOf(choice: unknown): unknown {
  if (choice === undefined || choice === null || choice === 'auto') return 'auto';
  if (choice === 'none' || choice === 'required') return choice;
  const isNamed = isObject(choice) && (choice.type === 'function' || choice.type === 'custom');
  return isNamed ? { type: 'function', function: { name: choice.name } } : undefined;
}

function allowedOf({ mode, tools }: JsonObject) {
  return { mode: mode === 'required' ? 'required' : 'auto', names: toolsIn(tools).map(({ name }) => name) };
}

/** Tools that the client runs, so that they cost nothing beside the tokens. */
const RUN_BY_CLIENT = [
  ...['function', 'custom', 'namespace', 'local_shell', 'apply_patch', 'computer', 'computer_use_preview'],
];

/** The names of tools that whoever serves runs by itself; undefined without any. Items may bring tools, too, and a namespace has some in it. */
export function hostedToolsIn({ tools }: JsonObject, items: readonly JsonObject[]): readonly string[] | undefined {
  const all = [tools, ...items.map((item) => item.tools)].flatMap(toolsWithin);
  const hosted = all.filter((tool) => !isRunByClient(tool));
  return hosted.length === 0 ? undefined : hosted.map(nameOfTool);
}

const toolsWithin = (tools: unknown): readonly JsonObject[] =>
  toolsIn(tools).flatMap((tool) => [tool, ...toolsIn(tool.tools)]);

const isRunByClient = (tool: JsonObject): boolean =>
  RUN_BY_CLIENT.includes(String(tool.type)) ||
  (tool.type === 'shell' && textAt(tool, 'environment', 'type') === 'local');

/** A short name for people: the type, and which server or function it is. */
function nameOfTool(tool: JsonObject): string {
  const label = textAt(tool, 'server_label') ?? textAt(tool, 'name');
  return [String(tool.type), ...(label === undefined ? [] : [label])].join(' ').slice(0, 80);
}
