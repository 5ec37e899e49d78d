// Reads the id that a client gave its own event (OpenAI's `event_id`), so that an error can quote it.

import { isObject } from '../../../codecs/json/object.ts';

/** Returns the id of a parsed event; undefined unless it is a string of at most 512 characters. */
export function eventIdOf(event: unknown): string | undefined {
  const id = isObject(event) ? event.event_id : undefined;
  return typeof id === 'string' && id.length <= 512 ? id : undefined;
}
