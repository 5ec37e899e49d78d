// The request of a `response.create`. Rule: a field that is not given comes from the session.

import { z } from 'zod';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { parseGiven } from '../events.ts';
import { type ConversationEntry, type RealtimeConversation, readItem } from './conversation.ts';
import { mergeAudio, type RealtimeSession, replySchema } from './session.ts';

const requestSchema = replySchema.extend({
  conversation: z.enum(['auto', 'none']).default('auto'),
  input: z.array(z.looseObject({})).optional(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullable().default(null),
});

/** The settings of one response: those of the session, with those of `response.create` over them. */
export interface ResponseRequest extends Omit<z.infer<typeof requestSchema>, 'conversation' | 'input'> {
  /** The items that the response answers. */
  readonly context: readonly ConversationEntry[];
  /** The conversation of the response; undefined when the response is outside of it. */
  readonly conversation: RealtimeConversation | undefined;
}

/** The whole request. @throws EventError for an invalid one. */
export function readResponseRequest(
  given: JsonObject,
  session: RealtimeSession,
  conversation: RealtimeConversation,
): ResponseRequest {
  const changed = Object.entries(given).filter(([, value]) => value !== null);
  const merged = { ...session, ...Object.fromEntries(changed), audio: mergeAudio(session, given.audio) };
  const { input, ...request } = parseGiven(requestSchema, merged, 'response');
  const itemOf = (item: JsonObject) =>
    item.type === 'item_reference'
      ? conversation.find(String(item.id), 'response.input')
      : readItem(item, session.audio.input.format);
  return {
    ...request,
    context: input?.map(itemOf) ?? [...conversation.entries],
    conversation: request.conversation === 'none' ? undefined : conversation,
  };
}
