// Finds what tools that whoever serves runs name beside themselves: things that are stored at the account, and servers that they send text to.

import { isObject } from '../../../codecs/json/object.ts';
import type { NamedResource } from '../contract.ts';

/** Fields by which tools of OpenAI and Anthropic name such, at whatever depth. https://platform.openai.com/docs/guides/tools */
const FIELDS = [
  ...['vector_store_ids', 'file_id', 'file_ids', 'container', 'container_id', 'skill_id', 'connector_id'],
  ...['tunnel_id', 'server_url'],
];

/** Finds them in tools, or in a part of one. `place`: that of the value in the request. */
export function resourcesIn(value: unknown, place: string, isNamed = false): readonly NamedResource[] {
  if (typeof value === 'string') return isNamed ? [{ param: place, name: value }] : [];
  if (Array.isArray(value)) return value.flatMap((one, at) => resourcesIn(one, `${place}[${at}]`, isNamed));
  // A schema of the client's own may have properties of these names.
  if (!isObject(value) || value.type === 'function' || value.type === 'custom') return [];
  return Object.entries(value).flatMap(([name, of]) => resourcesIn(of, `${place}.${name}`, FIELDS.includes(name)));
}
