// The request of a `response.create`. Rule: a field that is not given comes from the session.

import { z } from 'zod';
import { isObject } from '../../../../codecs/json-object.ts';
import { type ErrorDetails, invalidValue, schemaError } from '../events.ts';
import { type ConversationEntry, type RealtimeConversation, readItem } from './conversation.ts';
import type { ResponseRequest } from './response.ts';
import {
  maxTokensSchema,
  modalitiesSchema,
  outputSchema,
  type RealtimeSession,
  toolChoiceSchema,
  toolSchema,
} from './session.ts';

const requestSchema = z.looseObject({
  output_modalities: modalitiesSchema.nullish(),
  instructions: z.string().nullish(),
  audio: z.looseObject({ output: outputSchema.nullish() }).nullish(),
  tools: z.array(toolSchema).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  max_output_tokens: maxTokensSchema.nullish(),
  conversation: z.enum(['auto', 'none']).nullish(),
  input: z.array(z.looseObject({})).nullish(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullish(),
});

/** The whole request, or the error of an invalid one. */
export function readResponseRequest(
  given: unknown,
  session: RealtimeSession,
  conversation: RealtimeConversation,
): ResponseRequest | ErrorDetails {
  const parsed = requestSchema.safeParse(given);
  if (!parsed.success) return schemaError(parsed.error, given, 'response');
  const request = parsed.data;
  const context = request.input ? readInput(request.input, session, conversation) : [...conversation.entries];
  if ('code' in context) return context;
  return {
    modality: request.output_modalities?.[0] ?? session.modality,
    instructions: request.instructions ?? session.instructions,
    tools: request.tools ?? session.tools,
    toolChoice: request.tool_choice ?? session.toolChoice,
    maxOutputTokens: request.max_output_tokens ?? session.maxOutputTokens,
    output: {
      ...session.output,
      format: request.audio?.output?.format ?? session.output.format,
      voice: request.audio?.output?.voice ?? session.output.voice,
    },
    metadata: request.metadata ?? null,
    context,
    conversation: request.conversation === 'none' ? undefined : conversation,
  };
}

function readInput(
  input: readonly unknown[],
  session: RealtimeSession,
  conversation: RealtimeConversation,
): readonly ConversationEntry[] | ErrorDetails {
  const entries: ConversationEntry[] = [];
  for (const given of input) {
    const isReference = isObject(given) && given.type === 'item_reference';
    const entry = isReference ? conversation.find(String(given.id)) : readItem(given, session.input.format);
    if (!entry) return invalidValue('response.input', 'An item_reference names no item of the conversation.');
    if ('code' in entry) return entry;
    entries.push(entry);
  }
  return entries;
}
