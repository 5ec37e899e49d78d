// Texts of a client that are to be spoken, as the tap sees them.

import { type JsonObject, readObject } from '../../codecs/json/object.ts';
import type { Observation } from './contract/observation.ts';

/** Returns all texts of this name in a message. Its case does not count, since some servers take any. */
export function textsIn(event: JsonObject, field = 'text'): string {
  const named = Object.entries(event).filter(([key]) => key.toLowerCase() === field);
  return named.map(([, text]) => (typeof text === 'string' ? text : '')).join('');
}

/** The words of the assistant, and the characters (code points) where those are billed. */
export const wordsToSpeak = (text: string): Pick<Observation, 'utterances' | 'counts'> =>
  text === ''
    ? {}
    : { utterances: [{ role: 'assistant', text, isPartial: true }], counts: { characters: [...text].length } };

interface TextOptions extends Pick<Observation, 'isContinuous' | 'model'> {
  readonly field?: string;
  /** Set for a message that asks for a reply though it has no text. */
  readonly asks?: boolean;
}

/**
 * The observation of a client's message, whose text, in `field`, is to be spoken: whatever its type says, so that no text is hidden in a message of another
 * kind. The wait for a reply is that since the text, or the end of it, that came last.
 */
export function textToSpeak(
  type: string,
  data: Buffer,
  { field, asks = false, ...more }: TextOptions = {},
): Observation | undefined {
  const event = readObject(data);
  if (event === undefined) return undefined;
  const text = textsIn(event, field);
  return { type, ...more, ...((asks || text !== '') && { mark: 'request' }), ...wordsToSpeak(text) };
}
