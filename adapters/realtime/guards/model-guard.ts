// Reads the names of the models in a client frame, by the rules of its dialect. Rejects every doubtful frame.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { jsonText } from '../../../codecs/json/text.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { Rejection } from '../contract/dialect.ts';
import { readEvent } from './event-guard.ts';
import { type EventPlace, valuesAt } from './event-paths.ts';

/** Tells the guard where a dialect names models. */
export interface ModelRules {
  /** Tells whether a frame has exactly the dialect's audio shape. Such a frame names no model and is not parsed. */
  isAudio(data: Buffer): boolean;
  readonly places: EventPlace;
  /** Words beside `model` that a frame may name one with: each of the places has one of them. */
  readonly words?: readonly string[];
  /** Words of the messages that have texts which are counted. */
  readonly textWords?: readonly string[];
  /** Events that always start a model. */
  readonly starter?: {
    /** Words by which such an event is known; each such event has one of them. */
    readonly words: readonly string[];
    /** Returns names that the event has beside those at `places`; '' stands for a model that the event leaves to the provider. */
    impliedNames(event: JsonObject): readonly string[];
  };
  /** Converts a name on the wire to the name in a key's list. */
  modelName?(name: string): string;
  /** Converts a name on the wire to the name by which a client asks for an account or a target, where that is not the same. */
  askedName?(name: string): string;
}

/** Implements `Dialect.modelsIn` by the rules of a dialect. */
export function guardModels(frame: Frame, rules: ModelRules): readonly string[] | Rejection | undefined {
  if (rules.isAudio(frame.data)) return undefined;
  const { words: own = [], textWords = [], starter } = rules;
  const words = ['model', ...own, ...textWords, ...(starter?.words ?? [])];
  const subject = textWords.length === 0 ? 'a model' : 'a model or a text';
  const event = readEvent(jsonText(frame.data), { words, subject });
  return event === undefined || 'code' in event ? event : modelsOf(event.value, rules, event.eventId);
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
