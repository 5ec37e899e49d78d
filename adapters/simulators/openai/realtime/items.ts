// The client events about conversation items: create, retrieve, delete, truncate.

import { isObject, type JsonObject } from '../../../../codecs/json-object.ts';
import { type ErrorDetails, type EventSender, invalidValue, missingParameter } from '../events.ts';
import { type RealtimeConversation, readItem, retrievedItem, truncateEntry } from './conversation.ts';
import type { RealtimeSession } from './session.ts';

/** Handles a client event; returns the error of an invalid one. */
export type EventHandler = (event: JsonObject) => ErrorDetails | undefined;

interface ItemContext {
  readonly events: EventSender;
  readonly session: RealtimeSession;
  readonly conversation: RealtimeConversation;
}

/** The handlers of `conversation.item.*`, by type of event. */
export function itemHandlers(context: ItemContext): Readonly<Record<string, EventHandler>> {
  return {
    'conversation.item.create': (event) => createItem(context, event),
    'conversation.item.retrieve': (event) => retrieveItem(context, event),
    'conversation.item.delete': (event) => deleteItem(context, event),
    'conversation.item.truncate': (event) => truncateItem(context, event),
  };
}

function createItem({ events, session, conversation }: ItemContext, event: JsonObject): ErrorDetails | undefined {
  if (!isObject(event.item)) return missingParameter('item');
  const entry = readItem(event.item, session.input.format);
  if ('code' in entry) return entry;
  if (conversation.find(entry.item.id)) {
    return invalidValue('item.id', `Error adding item: an item with id '${entry.item.id}' already exists.`);
  }
  if (entry.item.type === 'function_call_output' && !hasCall(conversation, entry.item.call_id)) {
    const message = `Tool call ID '${entry.item.call_id}' not found in conversation.`;
    return { code: 'invalid_tool_call_id', message, param: 'item.call_id' };
  }
  const after = typeof event.previous_item_id === 'string' ? event.previous_item_id : undefined;
  const previous = conversation.insert(entry, after);
  if (previous === undefined) return notFound('previous_item_id', after);
  events.send('conversation.item.added', { previous_item_id: previous, item: entry.item });
  events.send('conversation.item.done', { previous_item_id: previous, item: entry.item });
  return undefined;
}

function hasCall(conversation: RealtimeConversation, callId: unknown): boolean {
  return conversation.entries.some(({ item }) => item.type === 'function_call' && item.call_id === callId);
}

function retrieveItem({ events, session, conversation }: ItemContext, event: JsonObject): ErrorDetails | undefined {
  if (typeof event.item_id !== 'string') return missingParameter('item_id');
  const entry = conversation.find(event.item_id);
  if (!entry) return notFound('item_id', event.item_id);
  events.send('conversation.item.retrieved', { item: retrievedItem(entry, session.input.format) });
  return undefined;
}

function deleteItem({ events, conversation }: ItemContext, event: JsonObject): ErrorDetails | undefined {
  if (typeof event.item_id !== 'string') return missingParameter('item_id');
  if (!conversation.remove(event.item_id)) return notFound('item_id', event.item_id);
  events.send('conversation.item.deleted', { item_id: event.item_id });
  return undefined;
}

function truncateItem({ events, conversation }: ItemContext, event: JsonObject): ErrorDetails | undefined {
  const { item_id: itemId, audio_end_ms: audioEndMs, content_index: contentIndex } = event;
  if (typeof itemId !== 'string') return missingParameter('item_id');
  if (typeof audioEndMs !== 'number') return missingParameter('audio_end_ms');
  if (contentIndex === undefined) return missingParameter('content_index');
  if (contentIndex !== 0) return invalidValue('content_index', 'Only content_index 0 can be truncated.');
  const entry = conversation.find(itemId);
  if (!entry) return notFound('item_id', itemId);
  if (entry.spokenMs === undefined) {
    return invalidValue('item_id', 'Only model output audio messages can be truncated.');
  }
  if (audioEndMs < 0 || audioEndMs > entry.spokenMs) {
    const message = `Audio content of ${Math.round(entry.spokenMs)}ms is already shorter than ${audioEndMs}ms`;
    return invalidValue('audio_end_ms', message);
  }
  truncateEntry(entry, audioEndMs);
  events.send('conversation.item.truncated', { item_id: itemId, content_index: 0, audio_end_ms: audioEndMs });
  return undefined;
}

function notFound(param: string, itemId: unknown): ErrorDetails {
  return { code: 'item_not_found', message: `Item with item_id '${itemId}' not found.`, param };
}
