// Reads the names of the models in a client frame, by the rules of its dialect. Rejects every doubtful frame.

import type { Frame } from '../../codecs/frame.ts';
import { type JsonFault, jsonFault } from '../../codecs/json-fault.ts';
import { isObject, type JsonObject, parseJson } from '../../codecs/json-object.ts';
import { jsonText } from '../../codecs/json-text.ts';
import type { Rejection } from './contract.ts';
import { eventIdOf } from './event-id.ts';
import { type ModelPlace, valuesAt } from './model-paths.ts';

/** Tells the guard where a dialect names models. */
export interface ModelRules {
  /** Tells whether a frame has exactly the dialect's audio shape. Such a frame names no model and is not parsed. */
  isAudio(data: Buffer): boolean;
  readonly places: ModelPlace;
  /** Words beside `model` that a frame may name one with: each of the places has one of them. */
  readonly words?: readonly string[];
  /** Events that always start a model. */
  readonly starter?: {
    /** Words by which such an event is known; each such event has one of them. */
    readonly words: readonly string[];
    /** Returns names that the event has beside those at `places`; '' stands for a model that the event leaves to the provider. */
    impliedNames(event: JsonObject): readonly string[];
  };
  /** Converts a name on the wire to the name in a key's list. */
  modelName?(name: string): string;
}

/** Implements `Dialect.modelsIn` by the rules of a dialect. */
export function guardModels(frame: Frame, rules: ModelRules): readonly string[] | Rejection | undefined {
  if (rules.isAudio(frame.data)) return undefined;
  const text = jsonText(frame.data);
  if (!text.includes('{')) return undefined;
  const fault = jsonFault(text);
  const value = fault === undefined || fault === 'duplicate-key' ? parseJson(text) : undefined;
  if (value === undefined) return unparsed(text, fault, rules);
  const eventId = eventIdOf(value);
  if (fault === 'duplicate-key') {
    return { code: 'duplicate_key', message: 'the event has a key twice; expected each key once', eventId };
  }
  return modelsOf(value, rules, eventId);
}

function modelsOf(
  value: unknown,
  rules: ModelRules,
  eventId: string | undefined,
): readonly string[] | Rejection | undefined {
  const models = new Set<string>();
  for (const model of valuesAt(value, rules.places)) {
    if (typeof model !== 'string') {
      return { code: 'model_not_allowed', message: 'the event names a model that is not a string', eventId };
    }
    models.add(rules.modelName?.(model) ?? model);
  }
  const implied = isObject(value) ? (rules.starter?.impliedNames(value) ?? []) : [];
  for (const name of implied) models.add(name);
  return models.size === 0 ? undefined : [...models];
}

/**
 * A text that is not JSON names no model. But some parsers take more than JSON (NaN, comments, bare keys, a second document), so a
 * text is rejected when it begins like an object and mentions a model, or writes letters as escapes.
 */
function unparsed(text: string, fault: JsonFault | undefined, rules: ModelRules): Rejection | undefined {
  if (fault === 'too-deep' || fault === 'too-many-values') {
    return { code: 'unreadable_event', message: 'the event has more levels or values than can be checked' };
  }
  const mentions =
    ['model', ...(rules.words ?? []), ...(rules.starter?.words ?? [])].some((word) => text.includes(word)) ||
    HIDDEN_LETTER.test(text);
  if (!mentions || !BEGINS_LIKE_JSON.test(text)) return undefined;
  return { code: 'unreadable_event', message: 'the event may name a model, but is not valid JSON' };
}

const HIDDEN_LETTER = /\\u00[2-7][0-9a-f]/i;
const BEGINS_LIKE_JSON = /^[\s\0]*[{[/#]/;
