// Reads what `useChat` sends, over HTTP and over a WebSocket alike.

import type { JsonObject } from '../../../codecs/json/object.ts';
import { UiFault, type UiRequest } from '../contract.ts';
import { chunksOfMessage, continuedMessage, toolParts } from './continued.ts';
import { approvedTools, responsesFields, textTools } from './fields.ts';
import { chatItems } from './input-items.ts';
import { isApproved, isDenied, type ToolPart } from './tool-part.ts';
import { type UiMessage, uiMessages } from './ui-message.ts';

/** The part of a request that the chunks of its answer depend on. JSON. */
export interface ChatNote {
  /** The id of the message that the answer goes on with; undefined: that of the response. */
  readonly messageId?: string | undefined;
  /** Chunks of what that message has already. */
  readonly before?: readonly JsonObject[];
  /** Ids of calls that the user has just said no to. */
  readonly denied?: readonly string[];
  /** Names of tools that run only when the user has said yes. */
  readonly approved?: readonly string[];
}

/** A request for an answer, or for calls that the user has just said yes to, which the page is to run now. */
type ChatRequest = UiRequest | { readonly chat: string; readonly chunks: readonly JsonObject[] };

const TRIGGERS = ['submit-message', 'regenerate-message'];

/** `body` has the fields of the request (id, messages, trigger, messageId) among those of the page. @throws UiFault */
export function readChatRequest(body: JsonObject): ChatRequest {
  const { id: chat, trigger } = body;
  if (typeof chat !== 'string' || chat === '' || chat.length > MAX_ID_CHARS)
    throw new UiFault('id', `expected the id of the chat, a text of 1 to ${MAX_ID_CHARS} characters`);
  if (trigger !== undefined && !TRIGGERS.includes(trigger as string))
    throw new UiFault('trigger', `expected one of ${TRIGGERS.join(', ')}`);
  const messages = uiMessages(body.messages);
  const fields = responsesFields(body);
  const note = noteOf(body, continuedMessage(messages, body));
  const approved = approvedCalls(messages);
  if (approved.length > 0) return { chat, chunks: handedOver(approved, note) };
  return { chat, body: { ...fields, input: chatItems(messages, textTools(fields)), stream: true }, note: { ...note } };
}

const MAX_ID_CHARS = 200;

function noteOf(body: JsonObject, continued: UiMessage | undefined): ChatNote {
  const approved = approvedTools(body);
  const asking = approved.length === 0 ? {} : { approved };
  if (continued === undefined) return asking;
  const denied = toolParts(continued)
    .filter(isDenied)
    .map(({ id }) => id);
  return {
    messageId: continued.id,
    before: chunksOfMessage(continued),
    ...(denied.length === 0 ? {} : { denied }),
    ...asking,
  };
}

/** Calls of the last message that may run now. */
function approvedCalls(messages: readonly UiMessage[]): readonly ToolPart[] {
  const last = messages.at(-1);
  return last?.role === 'assistant' ? toolParts(last).filter(isApproved) : [];
}

/** Hands calls to the page, whose tools they are: it is asked to run a tool by the chunk that says that its input is there. */
function handedOver(calls: readonly ToolPart[], { messageId, denied = [] }: ChatNote): readonly JsonObject[] {
  return [
    { type: 'start', ...(messageId === undefined ? {} : { messageId }) },
    ...denied.map((toolCallId) => ({ type: 'tool-output-denied', toolCallId })),
    ...calls.map(({ id, name, input, part }) => ({
      ...{ type: 'tool-input-available', toolCallId: id, toolName: name, input: input ?? {} },
      ...(part.type === 'dynamic-tool' ? { dynamic: true } : {}),
    })),
    { type: 'finish', finishReason: 'tool-calls' },
  ];
}
