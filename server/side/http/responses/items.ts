// Checks the input items of a Responses request. Rule: what has no upper bound of tokens, or lies at a provider under an id that any key of the
// account could name, is refused.

import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import { type HttpProblem, invalidRequest } from '../../../http/problem.ts';
import { isBoundedImage } from '../chat/body.ts';

const MAX_ITEMS = 10_000;
/** Limit for all items together. */
const MAX_PARTS = 10_000;

/** Items that only an endpoint of this form can take. */
const NATIVE_ITEMS = [
  ...['file_search_call', 'web_search_call', 'computer_call', 'computer_call_output', 'code_interpreter_call'],
  ...['image_generation_call', 'local_shell_call', 'local_shell_call_output', 'shell_call', 'shell_call_output'],
  ...['apply_patch_call', 'apply_patch_call_output', 'mcp_list_tools', 'mcp_approval_request', 'mcp_call'],
  ...['mcp_approval_response', 'compaction', 'tool_search_call', 'tool_search_output', 'additional_tools'],
];

/** Returns what is wrong with the items; undefined when nothing is. */
export function itemsProblem(items: readonly unknown[]): HttpProblem | undefined {
  if (items.length === 0 || items.length > MAX_ITEMS)
    return invalidRequest(`input: expected a text, or 1 to ${MAX_ITEMS} items, got ${items.length}`, 'input');
  let parts = 0;
  for (const [at, item] of items.entries()) {
    const param = `input[${at}]`;
    const problem = isObject(item)
      ? (itemProblem(item, param) ?? fileProblem(item, param))
      : expected(param, 'an object');
    if (problem) return problem;
    for (const list of [(item as JsonObject).content, (item as JsonObject).output])
      parts += Array.isArray(list) ? list.length : 0;
  }
  return parts > MAX_PARTS
    ? invalidRequest(`input: expected at most ${MAX_PARTS} parts in all, got ${parts}`, 'input')
    : undefined;
}

const expected = (param: string, what: string): HttpProblem => invalidRequest(`${param}: expected ${what}`, param);

function itemProblem(item: JsonObject, param: string): HttpProblem | undefined {
  const { type = 'role' in item ? 'message' : undefined } = item;
  switch (type) {
    case 'message':
      return messageProblem(item, param);
    case 'function_call':
      return textsProblem(item, param, ['call_id', 'name', 'arguments']);
    case 'custom_tool_call':
      return textsProblem(item, param, ['call_id', 'name', 'input']);
    case 'function_call_output':
    case 'custom_tool_call_output':
      return textsProblem(item, param, ['call_id']) ?? contentProblem(item.output, `${param}.output`, INPUT_PARTS);
    case 'reasoning':
      return reasoningProblem(item, param);
    case 'item_reference':
      return textsProblem(item, param, ['id']);
    default:
      return NATIVE_ITEMS.includes(String(type))
        ? undefined
        : expected(`${param}.type`, 'message, function_call, function_call_output, reasoning or another type of item');
  }
}

const ROLES = ['user', 'assistant', 'system', 'developer'];
const INPUT_PARTS = ['input_text', 'input_image', 'input_file', 'input_audio'];
const OUTPUT_PARTS = ['output_text', 'refusal'];

function messageProblem({ role, content }: JsonObject, param: string): HttpProblem | undefined {
  if (!ROLES.includes(String(role))) return expected(`${param}.role`, ROLES.join(', '));
  return contentProblem(content, `${param}.content`, role === 'assistant' ? OUTPUT_PARTS : INPUT_PARTS);
}

function contentProblem(content: unknown, param: string, types: readonly string[]): HttpProblem | undefined {
  if (typeof content === 'string') return undefined;
  if (!Array.isArray(content)) return expected(param, 'a text or a list of parts');
  for (const [at, part] of content.entries()) {
    const problem = isObject(part)
      ? partProblem(part, `${param}[${at}]`, types)
      : expected(`${param}[${at}]`, 'an object');
    if (problem) return problem;
  }
  return undefined;
}

function partProblem(part: JsonObject, param: string, types: readonly string[]): HttpProblem | undefined {
  if (!types.includes(String(part.type))) return expected(`${param}.type`, types.join(', '));
  switch (part.type) {
    case 'refusal':
      return textsProblem(part, param, ['refusal']);
    case 'input_image':
      return isBoundedImage(part.image_url)
        ? undefined
        : expected(`${param}.image_url`, 'a data:image/... URL or the URL of an image');
    case 'input_file':
      return typeof part.file_data === 'string' && part.file_data.startsWith('data:')
        ? undefined
        : expected(`${param}.file_data`, 'the file as a data: URL');
    case 'input_audio':
      return isObject(part.input_audio)
        ? textsProblem(part.input_audio, `${param}.input_audio`, ['data', 'format'])
        : expected(`${param}.input_audio`, 'an object with data and format');
    default:
      return textsProblem(part, param, ['text']);
  }
}

/** Names a file that lies at a provider, beside whatever else a part has. */
function fileProblem({ content, output }: JsonObject, param: string): HttpProblem | undefined {
  const parts = [
    ...partsOf(content).map((part, at) => [part, `${param}.content[${at}]`] as const),
    ...(isObject(output) ? [[output, `${param}.output`] as const] : []),
    ...partsOf(output).map((part, at) => [part, `${param}.output[${at}]`] as const),
  ];
  for (const [part, at] of parts) {
    const named = isObject(part) ? LIES_ELSEWHERE.find((field) => !isAbsent(part[field])) : undefined;
    if (named !== undefined) return expected(`${at}.${named}`, 'none, since the part has to hold its file itself');
  }
  return undefined;
}

const LIES_ELSEWHERE = ['file_id', 'file_url'];
const partsOf = (list: unknown): readonly unknown[] => (Array.isArray(list) ? list : []);
const isAbsent = (value: unknown): boolean => value === undefined || value === null;

function reasoningProblem(
  { summary, encrypted_content: encrypted }: JsonObject,
  param: string,
): HttpProblem | undefined {
  if (summary !== undefined && !Array.isArray(summary)) return expected(`${param}.summary`, 'a list');
  const isText = encrypted === undefined || encrypted === null || typeof encrypted === 'string';
  return isText ? undefined : expected(`${param}.encrypted_content`, 'a text');
}

function textsProblem(object: JsonObject, param: string, fields: readonly string[]): HttpProblem | undefined {
  const wrong = fields.find((field) => typeof object[field] !== 'string');
  return wrong === undefined ? undefined : expected(`${param}.${wrong}`, 'a text');
}
