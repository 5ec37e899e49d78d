// Reads the ids in a client frame that a provider handed out before, by the rules of its dialect. Rejects every doubtful frame.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { jsonText } from '../../../codecs/json/text.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { FrameIds, NamedId, Rejection } from '../contract/dialect.ts';
import { mentions, readEvent } from './event-guard.ts';
import { type EventPlace, valuesAt } from './event-paths.ts';

/** Tells the guard where a dialect has such ids. */
export interface IdRules {
  /** Fields that hold one, by the name that errors have for them. */
  readonly fields: readonly { readonly field: string; readonly places: EventPlace }[];
  /** Words of which every frame with an id has one; a frame without is not parsed. */
  readonly words: readonly string[];
  /** Returns ids that the event has beside those of `fields`. */
  more?(event: JsonObject): readonly NamedId[];
  /** Tells whether no frame after this one can have any. */
  isLast?(event: JsonObject): boolean;
}

/** Returns the ids of a frame; undefined where it can have none. */
export function guardIds(frame: Frame, rules: IdRules): FrameIds | Rejection | undefined {
  const text = jsonText(frame.data);
  if (!mentions(text, rules.words)) return undefined;
  const event = readEvent(text, { words: rules.words, subject: 'an id' });
  if (event === undefined || 'code' in event) return event;
  const { value, eventId } = event;
  const ids: NamedId[] = [];
  for (const { field, places } of rules.fields) {
    for (const id of valuesAt(value, places)) {
      if (id === '') continue;
      if (typeof id === 'string') ids.push({ field, id });
      // An object has its id in a place of its own.
      else if (!isObject(id)) return { code: 'unreadable_event', message: `${field} is not a string`, eventId };
    }
  }
  if (!isObject(value)) return { ids };
  return { ids: [...ids, ...(rules.more?.(value) ?? [])], isLast: rules.isLast?.(value) === true };
}

/** Returns the different strings at these places of an event; undefined when there are none. */
export function textsAt(event: unknown, places: EventPlace): readonly string[] | undefined {
  const texts = [...valuesAt(event, places)].filter(
    (value): value is string => typeof value === 'string' && value !== '',
  );
  return texts.length === 0 ? undefined : texts;
}
