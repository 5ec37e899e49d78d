// Reads which tools the items of a response call: their names and ids, and nothing of what they are told or tell.

import { isObject, type JsonObject, textAt } from '../../../codecs/json/object.ts';
import type { AskedTool } from '../contract/observation.ts';

/** Items with a name that the client (`call_id`) or the provider carries out. */
const NAMED_CALL = /^(function|custom_tool|mcp)_call$/;

/** Returns the calls among these items; undefined when there are none. */
export function askedTools(items: unknown): readonly AskedTool[] | undefined {
  const calls = Array.isArray(items) ? items.filter(isCall) : [];
  return calls.length === 0
    ? undefined
    : calls.map((item) => ({ name: textAt(item, 'name'), id: textAt(item, 'call_id') ?? textAt(item, 'id') }));
}

/** One that broke off is not to be carried out. */
const isCall = (item: unknown): item is JsonObject =>
  isObject(item) && typeof item.type === 'string' && NAMED_CALL.test(item.type) && item.status !== 'incomplete';
