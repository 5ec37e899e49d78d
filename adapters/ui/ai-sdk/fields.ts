// The fields beside the messages that a page's `body` may have: those of OpenAI Responses, and the names that the AI SDK and assistant-ui have for
// some of them. All others are the page's own, and do not go on.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { UiFault } from '../contract.ts';

/** https://platform.openai.com/docs/api-reference/responses/create, but for `input`, which the messages are, and `stream`. */
const RESPONSES_FIELDS = [
  ...['background', 'conversation', 'include', 'instructions', 'max_output_tokens', 'max_tool_calls', 'metadata'],
  ...['model', 'parallel_tool_calls', 'previous_response_id', 'prompt', 'prompt_cache_key', 'prompt_cache_retention'],
  ...['reasoning', 'safety_identifier', 'service_tier', 'store', 'temperature', 'text', 'tool_choice', 'tools'],
  ...['top_logprobs', 'top_p', 'truncation', 'user'],
];

/** Names of the AI SDK and of assistant-ui. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  system: 'instructions',
  maxOutputTokens: 'max_output_tokens',
  topP: 'top_p',
  toolChoice: 'tool_choice',
};

/** The fields of a request of OpenAI Responses in what a page sends. @throws UiFault */
export function responsesFields(body: JsonObject): JsonObject {
  const fields: Record<string, unknown> = {};
  for (const [given, value] of Object.entries(body)) {
    const name = Object.hasOwn(OTHER_NAMES, given) ? (OTHER_NAMES[given] as string) : given;
    if (value === null || value === undefined || !RESPONSES_FIELDS.includes(name)) continue;
    if (Object.hasOwn(fields, name)) throw new UiFault(given, `expected one field for this, got another one beside it`);
    fields[name] = READERS[name]?.(value, given) ?? value;
  }
  // Steps of tools go on from the reasoning before them, which no endpoint keeps.
  if (isObject(fields.reasoning) && fields.include === undefined) fields.include = ['reasoning.encrypted_content'];
  return fields;
}

const READERS: Readonly<Record<string, (value: unknown, field: string) => unknown>> = {
  tools: toolList,
  tool_choice: (value) =>
    isObject(value) && value.type === 'tool' ? { type: 'function', name: value.toolName } : value,
  reasoning: (value) => (typeof value === 'string' ? { effort: value } : value),
};

/** A list has tools of OpenAI Responses; an object has functions by their names, as assistant-ui sends them. */
function toolList(tools: unknown, field: string): unknown {
  if (!isObject(tools)) return tools;
  return Object.entries(tools).map(([name, tool]) => {
    const parameters = isObject(tool) ? (tool.parameters ?? tool.inputSchema) : undefined;
    if (!isObject(tool) || !isObject(parameters))
      throw new UiFault(`${field}.${name}`, 'expected an object with description and parameters, a JSON Schema');
    const { description, strict } = tool;
    return {
      ...{ type: 'function', name, parameters, strict: strict === true },
      ...(description === undefined ? {} : { description }),
    };
  });
}

/** Names of the tools that run only when the user has said yes, as `toolApproval` of the AI SDK says it. @throws UiFault */
export function approvedTools({ toolApproval }: JsonObject): readonly string[] {
  if (toolApproval === undefined || toolApproval === null) return [];
  if (!isObject(toolApproval)) throw new UiFault('toolApproval', 'expected an object with names of tools');
  return Object.entries(toolApproval).flatMap(([name, asked]) => {
    if (asked === 'not-applicable') return [];
    if (asked === 'user-approval') return [name];
    throw new UiFault(`toolApproval.${name}`, 'expected user-approval or not-applicable');
  });
}

/** Names of tools whose input is any text. */
export const textTools = ({ tools }: JsonObject): ReadonlySet<string> =>
  new Set(
    (Array.isArray(tools) ? tools : [])
      .filter((tool) => isObject(tool) && tool.type === 'custom' && typeof tool.name === 'string')
      .map(({ name }: { readonly name: string }) => name),
  );
