// Calls in a conversation whose output is the client's to give, and has yet to come. Rule: what has its output beside it was run by the endpoint.

import type { JsonObject } from '../../../codecs/json/object.ts';

type Stub = (call: JsonObject) => JsonObject;
const stubOf =
  (type: string): Stub =>
  ({ call_id }) => ({ type, call_id });

/** Kinds of calls, with the fields of the output that each waits for, as in the `required_input` of OpenAI. */
const STUBS: ReadonlyMap<unknown, Stub> = new Map<unknown, Stub>([
  ['function_call', ({ call_id, name }) => ({ type: 'function_call_output', call_id, name })],
  ['custom_tool_call', stubOf('custom_tool_call_output')],
  ['computer_call', stubOf('computer_call_output')],
  ['local_shell_call', stubOf('local_shell_call_output')],
  ['shell_call', stubOf('shell_call_output')],
  ['apply_patch_call', stubOf('apply_patch_call_output')],
  ['tool_search_call', ({ call_id, execution }) => ({ type: 'tool_search_output', call_id, execution })],
  ['mcp_approval_request', ({ id }) => ({ type: 'mcp_approval_response', approval_request_id: id })],
]);

/** Tells whether an item gives what a call waits for. */
export const isOutput = ({ type }: JsonObject): boolean =>
  type === 'mcp_approval_response' || String(type).endsWith('_output');

/** The calls that wait, in order. */
export function openCalls(items: readonly JsonObject[]): readonly JsonObject[] {
  const given = new Set(items.filter(isOutput).map(nameOf));
  return items.filter((item) => isOfClient(item) && !given.has(nameOf(item)));
}

/** The item that such a call waits for, without what the client adds. */
export const missingOutput = (call: JsonObject): JsonObject => STUBS.get(call.type)?.(call) ?? {};

const isOfClient = ({ type, execution }: JsonObject): boolean =>
  STUBS.has(type) && (type !== 'tool_search_call' || execution === 'client');

/** Id that a call and its output have in common. */
const nameOf = ({ type, id, call_id, approval_request_id }: JsonObject): unknown => {
  if (type === 'mcp_approval_request') return id;
  return type === 'mcp_approval_response' ? approval_request_id : call_id;
};
