// Reading the few messages whose contents matter to the gateway. A message that cannot be read is undefined, never an error.

import { jsonFault } from '../../codecs/json-keys.ts';

/** A parsed JSON object, of which nothing else is known. */
export type JsonObject = { readonly [key: string]: unknown };

/** A longer message is passed on like any other, but not read: a parse would hold up everything else. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

/** The message as an object; undefined when it is not one, or too large or too deep to be worth a look. */
export function readEvent(message: Buffer | string): JsonObject | undefined {
  if (message.length > MAX_READ_BYTES) return undefined;
  const text = message.toString();
  const fault = jsonFault(text);
  const value = fault === undefined || fault === 'duplicate-key' ? parseJson(text) : undefined;
  return isObject(value) ? value : undefined;
}

/** The value of a JSON text; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether this is an object: neither null nor a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The string at a path of keys; undefined where there is none. */
export function textAt(event: JsonObject | undefined, ...path: readonly string[]): string | undefined {
  const value = valueAt(event, path);
  return typeof value === 'string' ? value : undefined;
}

/** The object at a path of keys; undefined where there is none. */
export function objectAt(event: JsonObject | undefined, ...path: readonly string[]): JsonObject | undefined {
  const value = valueAt(event, path);
  return isObject(value) ? value : undefined;
}

/** The client's own id of an event, to quote in an error; undefined for anything but a short string. */
export function eventIdOf(event: unknown): string | undefined {
  const id = isObject(event) ? event.event_id : undefined;
  return typeof id === 'string' && id.length <= 512 ? id : undefined;
}

/** What is at a path of keys, through objects and lists; undefined where there is nothing. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }
  return value;
}
