// Reads a client frame that has to be checked before it goes upstream. Rejects every doubtful one: a key twice, too deep, or nearly JSON.

import { type JsonFault, jsonFault } from '../../../codecs/json/fault.ts';
import { parseJson } from '../../../codecs/json/object.ts';
import type { Rejection } from '../contract/dialect.ts';
import { eventIdOf } from './event-id.ts';

interface EventRules {
  /** Words of which a frame has one if it names what is looked for. */
  readonly words: readonly string[];
  /** The thing that is looked for, with its article: `a model`. */
  readonly subject: string;
}

/** A frame that was read. `eventId`: the client's own id of it. */
interface ReadEvent {
  readonly value: unknown;
  readonly eventId: string | undefined;
}

/** Parses the text of a frame; undefined when it is no JSON, and cannot be taken for it either. */
export function readEvent(text: string, rules: EventRules): ReadEvent | Rejection | undefined {
  if (!text.includes('{')) return undefined;
  const fault = jsonFault(text);
  const value = fault === undefined || fault === 'duplicate-key' ? parseJson(text) : undefined;
  if (value === undefined) return unparsed(text, fault, rules);
  const eventId = eventIdOf(value);
  if (fault !== 'duplicate-key') return { value, eventId };
  return { code: 'duplicate_key', message: 'the event has a key twice; expected each key once', eventId };
}

/** Tells whether a text has one of the words, or may hide one. */
export const mentions = (text: string, words: readonly string[]): boolean =>
  words.some((word) => text.includes(word)) || HIDDEN_LETTER.test(text);

/**
 * A text that is not JSON names nothing. But some parsers take more than JSON (NaN, comments, bare keys, a second document), so a text is
 * rejected when it begins like an object and mentions what is looked for, or writes letters as escapes.
 */
function unparsed(text: string, fault: JsonFault | undefined, { words, subject }: EventRules): Rejection | undefined {
  if (fault === 'too-deep' || fault === 'too-many-values') {
    return { code: 'unreadable_event', message: 'the event has more levels or values than can be checked' };
  }
  if (!mentions(text, words) || !BEGINS_LIKE_JSON.test(text)) return undefined;
  return { code: 'unreadable_event', message: `the event may name ${subject}, but is not valid JSON` };
}

const HIDDEN_LETTER = /\\u00[2-7][0-9a-f]/i;
const BEGINS_LIKE_JSON = /^[\s\0]*[{[/#]/;
