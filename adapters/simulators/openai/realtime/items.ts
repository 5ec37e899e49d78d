// The client events about conversation items: create, retrieve, delete, truncate.

import { z } from 'zod';
import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import { EventError, type EventSender, invalidValue, missingParameter, parseGiven } from '../events.ts';
import { type RealtimeConversation, readItem, retrievedItem, truncateEntry } from './conversation.ts';
import type { RealtimeSession } from './session.ts';

interface ItemContext {
  readonly events: EventSender;
  readonly session: RealtimeSession;
  readonly conversation: RealtimeConversation;
}

/** The handlers of `conversation.item.*`, by type of event. */
export function itemHandlers(context: ItemContext) {
  return [
    ['conversation.item.create', (event: JsonObject) => createItem(context, event)],
    ['conversation.item.retrieve', (event: JsonObject) => retrieveItem(context, event)],
    ['conversation.item.delete', (event: JsonObject) => deleteItem(context, event)],
    ['conversation.item.truncate', (event: JsonObject) => truncateItem(context, event)],
  ] as const;
}

function createItem({ session, conversation }: ItemContext, event: JsonObject): void {
  if (!isObject(event.item)) throw missingParameter('item');
  const entry = readItem(event.item, session.audio.input.format);
  const { id, type, call_id: callId } = entry.item;
  const items = conversation.entries.map(({ item }) => item);
  if (items.some((item) => item.id === id)) {
    throw invalidValue('item.id', `Error adding item: an item with id '${id}' already exists.`);
  }
  if (
    type === 'function_call_output' &&
    !items.some((item) => item.type === 'function_call' && item.call_id === callId)
  ) {
    const message = `Tool call ID '${callId}' not found in conversation.`;
    throw new EventError('invalid_tool_call_id', message, 'item.call_id');
  }
  conversation.add(entry, typeof event.previous_item_id === 'string' ? event.previous_item_id : undefined);
  conversation.complete(entry);
}

const itemSchema = z.looseObject({ item_id: z.string() });
const truncateSchema = itemSchema.extend({
  audio_end_ms: z.number(),
  content_index: z.literal(0, 'only content_index 0 can be truncated'),
});

function retrieveItem({ events, session, conversation }: ItemContext, event: JsonObject): void {
  const entry = conversation.find(parseGiven(itemSchema, event, '').item_id);
  events.send('conversation.item.retrieved', { item: retrievedItem(entry, session.audio.input.format) });
}

function deleteItem({ events, conversation }: ItemContext, event: JsonObject): void {
  const entry = conversation.find(parseGiven(itemSchema, event, '').item_id);
  conversation.remove(entry);
  events.send('conversation.item.deleted', { item_id: entry.item.id });
}

function truncateItem({ events, conversation }: ItemContext, event: JsonObject): void {
  const { item_id, audio_end_ms, content_index } = parseGiven(truncateSchema, event, '');
  const entry = conversation.find(item_id);
  if (entry.spokenMs === undefined) {
    throw invalidValue('item_id', 'Only model output audio messages can be truncated.');
  }
  if (audio_end_ms < 0 || audio_end_ms > entry.spokenMs) {
    const message = `Audio content of ${Math.round(entry.spokenMs)}ms is already shorter than ${audio_end_ms}ms`;
    throw invalidValue('audio_end_ms', message);
  }
  truncateEntry(entry, audio_end_ms);
  events.send('conversation.item.truncated', { item_id, content_index, audio_end_ms });
}
