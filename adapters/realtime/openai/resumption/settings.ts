// Merges the settings that a client gives with `session.update`, as OpenAI does: fields that are not given stay as they are.

import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';

/** Objects whose fields are settings of their own; any other value replaces the one before. */
const MERGED: ReadonlySet<string> = new Set(['audio', 'audio.input', 'audio.output']);

export function mergeSettings(known: JsonObject, given: JsonObject, place = ''): JsonObject {
  const merged: Record<string, unknown> = { ...known };
  for (const [name, value] of Object.entries(given)) {
    const path = place === '' ? name : `${place}.${name}`;
    const before = known[name];
    merged[name] = MERGED.has(path) && isObject(value) && isObject(before) ? mergeSettings(before, value, path) : value;
  }
  return merged;
}
