// The items of a conversation in both vocabularies: what the assistant said is `output_text` and `output_audio` today, and was `text` and `audio`.

import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';

const names: readonly (readonly [today: string, beta: string])[] = [
  ['output_text', 'text'],
  ['output_audio', 'audio'],
];
const toBeta: ReadonlyMap<unknown, string> = new Map(names);
const toToday: ReadonlyMap<unknown, string> = new Map(names.map(([today, beta]) => [beta, today]));

export const betaItem = (item: unknown): unknown => withContent(item, betaPart);

/** The same words may be said of what a user says, in other vocabularies. */
export const itemOfToday = (item: unknown): unknown =>
  isObject(item) && item.role === 'assistant' ? withContent(item, (part) => renamed(part, toToday)) : item;

/** The part of a reply that is told of by itself has its names of the beta in both, and of today at some. */
export const betaPart = (part: unknown): unknown => renamed(part, toBeta);

/** Items of a list, where it is one. */
export const each = (items: unknown, change: (item: unknown) => unknown): unknown =>
  Array.isArray(items) ? items.map(change) : items;

function withContent(item: unknown, change: (part: unknown) => unknown): unknown {
  return isObject(item) && Array.isArray(item.content) ? { ...item, content: item.content.map(change) } : item;
}

function renamed(part: unknown, names: ReadonlyMap<unknown, string>): unknown {
  const type = isObject(part) ? names.get(part.type) : undefined;
  return type === undefined ? part : { ...(part as JsonObject), type };
}
