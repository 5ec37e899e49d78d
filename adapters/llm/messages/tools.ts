// Translates the tools of Anthropic's Messages API into those of chat completions, and tells which of them whoever serves runs by itself.
// https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import type { Untranslated } from '../contract.ts';

interface TranslatedTools {
  /** The fields of chat completions. */
  readonly fields: JsonObject;
  readonly untranslated: Untranslated | undefined;
}

export function toolsOfMessages({ tools, tool_choice: choice }: JsonObject): TranslatedTools {
  const list = toolsIn(tools);
  const at = list.findIndex((tool) => !isCustom(tool));
  const own = list[at];
  if (own !== undefined)
    return { fields: {}, untranslated: { what: `the tool ${nameOf(own)}`, param: `tools[${at}]` } };
  if (list.length === 0) return { fields: {}, untranslated: undefined };
  return { fields: { tools: list.map(functionOf), ...choiceOf(choice) }, untranslated: undefined };
}

const toolsIn = (tools: unknown): readonly JsonObject[] => (Array.isArray(tools) ? tools.filter(isObject) : []);

/** A tool of the client with a schema of its own. */
const isCustom = ({ type }: JsonObject): boolean => type === undefined || type === null || type === 'custom';

const functionOf = ({ name, description, input_schema: parameters, strict }: JsonObject): JsonObject => ({
  type: 'function',
  function: {
    name,
    ...(typeof description === 'string' ? { description } : {}),
    parameters,
    ...(strict === true ? { strict } : {}),
  },
});

function choiceOf(choice: unknown): JsonObject {
  if (!isObject(choice)) return {};
  const { type, name, disable_parallel_tool_use: isSingle } = choice;
  const single = isSingle === true ? { parallel_tool_calls: false } : {};
  if (type === 'tool') return { tool_choice: { type: 'function', function: { name } }, ...single };
  if (type === 'none') return { tool_choice: 'none' };
  return type === 'any' ? { tool_choice: 'required', ...single } : single;
}

/** Anthropic's tools with a schema that its models know, which the client runs. */
const RUN_BY_CLIENT = /^(bash|text_editor|computer|memory)_\d+$/;

/** The names of tools that whoever serves runs by itself; undefined without any. */
export function hostedToolsOfMessages({ tools }: JsonObject): readonly string[] | undefined {
  const hosted = toolsIn(tools).filter((tool) => !isCustom(tool) && !RUN_BY_CLIENT.test(String(tool.type)));
  return hosted.length === 0 ? undefined : hosted.map(nameOf);
}

const nameOf = ({ type }: JsonObject): string => String(type).slice(0, 80);
