// Merges the settings that a client gives with `session.update`, as OpenAI does: fields that are not given stay as they are. Reads in them who ends turns.

import { isObject, type JsonObject, valueAt } from '../../../../codecs/json/object.ts';

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

/** The one who ends what the user says: the client; the provider, which replies by itself then; or somebody who is not known to reply. */
export type Turns = 'by-client' | 'replied-to' | 'unknown';

/** Undefined where the settings say nothing of it. */
export function turnsIn(session: JsonObject | undefined): Turns | undefined {
  const found = valueAt(session, ['audio', 'input', 'turn_detection']);
  const detection = found === undefined ? session?.turn_detection : found;
  if (detection === null) return 'by-client';
  if (!isObject(detection)) return undefined;
  return detection.create_response === false || session?.type === 'transcription' ? 'unknown' : 'replied-to';
}
