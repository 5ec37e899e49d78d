// What was said, as OpenAI's events and the items in them tell it. Only text is read, and none of what a client brings as history.

import { isObject, type JsonObject, objectAt, readObject, textAt } from '../../../codecs/json-object.ts';
import type { Utterance } from '../contract.ts';

/** A client's event that is larger carries pictures or sound, and is not parsed for the few words beside them. */
const MAX_CLIENT_BYTES = 256 * 1024;

/** What a client event puts in the user's mouth, by the place of its input; undefined when that is nothing. */
export function userSaid(data: Buffer, inputOf: (event: JsonObject) => unknown): readonly Utterance[] | undefined {
  const event = data.length > MAX_CLIENT_BYTES ? undefined : readObject(data);
  const text = event && lastWords(inputOf(event));
  return text ? [{ role: 'user', text }] : undefined;
}

/** The string at a key of a provider's event: a whole utterance, or a piece of one. */
export function assistantSaid(data: Buffer, key: 'text' | 'transcript'): readonly Utterance[] | undefined {
  const text = textAt(readObject(data), key);
  return text ? [{ role: 'assistant', text }] : undefined;
}

/** A `delta` of a transcript without an end. */
export function pieceSaid(data: Buffer, role: Utterance['role']): readonly Utterance[] | undefined {
  const text = textAt(readObject(data), 'delta');
  return text ? [{ role, text, isPartial: true }] : undefined;
}

/** The transcript of an item that was heard; '' when there will be none. */
export function transcriptSaid(event: JsonObject | undefined): readonly Utterance[] | undefined {
  const item = textAt(event, 'item_id');
  return item === undefined ? undefined : [{ role: 'user', text: textAt(event, 'transcript') ?? '', item }];
}

/** The user's words in an input: those after the last item of the assistant, since clients also send the whole conversation. */
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

/** The item of `conversation.item.create`. */
export const createdItem = (event: JsonObject): unknown => objectAt(event, 'item');
