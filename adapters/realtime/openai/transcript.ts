// Reads the words in OpenAI's events and their items: only text, and none of what a client brings as history.

import { isObject, type JsonObject, objectAt, readObject, textAt } from '../../../codecs/json/object.ts';
import type { Utterance } from '../contract/observation.ts';

/** Largest client event that is parsed for its words: a larger one carries pictures or sound. */
const MAX_CLIENT_BYTES = 256 * 1024;

/** Returns the user's words in a client event, whose input `inputOf` finds; undefined when there are none. */
export function userWords(data: Buffer, inputOf: (event: JsonObject) => unknown): readonly Utterance[] | undefined {
  const event = data.length > MAX_CLIENT_BYTES ? undefined : readObject(data);
  const text = event && lastWords(inputOf(event));
  return text ? [{ role: 'user', text }] : undefined;
}

/** Returns the string at a key of a provider's event as an utterance of the assistant. */
export function assistantWords(data: Buffer, key: 'text' | 'transcript'): readonly Utterance[] | undefined {
  const text = textAt(readObject(data), key);
  return text ? [{ role: 'assistant', text }] : undefined;
}

/** Returns the `delta` of a transcript that has no end. */
export function partialWords(data: Buffer, role: Utterance['role']): readonly Utterance[] | undefined {
  const text = textAt(readObject(data), 'delta');
  return text ? [{ role, text, isPartial: true }] : undefined;
}

/** Returns the transcript of an item that was heard; '' when there will be none. */
export function transcriptOfItem(event: JsonObject | undefined): readonly Utterance[] | undefined {
  const item = textAt(event, 'item_id');
  return item === undefined ? undefined : [{ role: 'user', text: textAt(event, 'transcript') ?? '', item }];
}

/** Returns the user's words after the last item of the assistant, since clients also send the whole conversation. */
function lastWords(input: unknown): string {
  if (typeof input === 'string') return input;
  const items = (Array.isArray(input) ? input : [input]).filter(isObject);
  const answered = items.findLastIndex(({ role }) => role === 'assistant');
  return items
    .slice(answered + 1)
    .filter(({ role }) => role === 'user')
    .map(textOf)
    .filter(Boolean)
    .join('\n');
}

function textOf({ content }: JsonObject): string {
  if (typeof content === 'string') return content;
  const parts = Array.isArray(content) ? content.filter(isObject) : [];
  return parts
    .map((part) => textAt(part, 'text') ?? textAt(part, 'transcript') ?? '')
    .join(' ')
    .trim();
}

/** Returns the item of `conversation.item.create`. */
export const createdItem = (event: JsonObject): unknown => objectAt(event, 'item');
