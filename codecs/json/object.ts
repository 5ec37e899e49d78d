// Reads JSON objects from other programs and looks up values in them. What cannot be read is undefined, never an error.

import { isTooDeep } from './depth.ts';
import { jsonFault } from './fault.ts';

/** A parsed JSON object, of which nothing else is known. */
export type JsonObject = { readonly [key: string]: unknown };

/** A longer message is not read: its parse would hold up everything else. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

/** The object in a message; undefined when there is none, or when the message is over 4 MiB or too deep to parse safely. */
export function readObject(message: Buffer | string): JsonObject | undefined {
  if (message.length > MAX_READ_BYTES) return undefined;
  const text = message.toString();
  const fault = jsonFault(text);
  const value = fault === undefined || fault === 'duplicate-key' ? parsed(text) : undefined;
  return isObject(value) ? value : undefined;
}

/** The value of a JSON text; undefined when the text is not JSON, or nests deeper than `MAX_JSON_DEPTH`. */
export function parseJson(text: string): unknown {
  return isTooDeep(text) ? undefined : parsed(text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** True for an object that is neither null nor a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The string at a path of keys; undefined where there is none. */
export function textAt(object: JsonObject | undefined, ...path: readonly string[]): string | undefined {
  const value = valueAt(object, path);
  return typeof value === 'string' ? value : undefined;
}

/** The object at a path of keys; undefined where there is none. */
export function objectAt(object: JsonObject | undefined, ...path: readonly string[]): JsonObject | undefined {
  const value = valueAt(object, path);
  return isObject(value) ? value : undefined;
}

/** The value at a path of keys and list indices; undefined where there is none. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }
  return value;
}
