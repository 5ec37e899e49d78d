// What the OpenAI dialects have in common: reading the few events that matter to the tap, and the error event.

import type { Frame } from '../../codecs/frame.ts';
import { jsonFault } from '../../codecs/json-keys.ts';
import { eventIdOf, isObject, type JsonObject } from '../named-models.ts';

/** A longer event is passed on like any other, but not read: a parse would hold up everything else. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

/** The event as an object; undefined when it is not one, or too large to be worth a look. */
export function readEvent(data: Buffer): JsonObject | undefined {
  if (data.length > MAX_READ_BYTES) return undefined;
  const text = data.toString('utf8');
  if (jsonFault(text) !== undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
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

/** The client's own id of the event in a frame. */
export function clientEventId(frame: Frame | undefined): string | undefined {
  return frame === undefined ? undefined : eventIdOf(readEvent(frame.data));
}

function valueAt(event: JsonObject | undefined, path: readonly string[]): unknown {
  let value: unknown = event;
  for (const key of path) value = isObject(value) ? value[key] : undefined;
  return value;
}
