// UI messages of the AI SDK 7 as `useChat` sends them: what is checked of them before anything is read. Parts of types that are not known here
// are for the page alone, and pass by.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { UiFault } from '../contract.ts';

export interface UiMessage {
  readonly id: string | undefined;
  readonly role: 'system' | 'user' | 'assistant';
  readonly parts: readonly UiPart[];
  /** Its place in the request. */
  readonly field: string;
}

export interface UiPart {
  readonly type: string;
  readonly part: JsonObject;
  readonly field: string;
}

const MAX_MESSAGES = 10_000;
const ROLES = ['system', 'user', 'assistant'] as const;

/** @throws UiFault */
export function uiMessages(messages: unknown): readonly UiMessage[] {
  if (!Array.isArray(messages)) throw new UiFault('messages', 'expected a list of UI messages');
  if (messages.length === 0 || messages.length > MAX_MESSAGES)
    throw new UiFault('messages', `expected 1 to ${MAX_MESSAGES} messages, got ${messages.length}`);
  return messages.map((message, at) => uiMessage(message, `messages[${at}]`));
}

function uiMessage(message: unknown, field: string): UiMessage {
  if (!isObject(message)) throw new UiFault(field, 'expected an object with id, role and parts');
  const role = ROLES.find((known) => known === message.role);
  if (role === undefined) throw new UiFault(`${field}.role`, `expected one of ${ROLES.join(', ')}`);
  const id = typeof message.id === 'string' ? message.id : undefined;
  return { id, role, parts: uiParts(message.parts, `${field}.parts`), field };
}

/** @throws UiFault */
export function uiParts(parts: unknown, field: string): readonly UiPart[] {
  if (!Array.isArray(parts))
    throw new UiFault(field, 'expected a list of parts, as the AI SDK has them since version 5');
  return parts.map((part, at) => {
    if (!isObject(part) || typeof part.type !== 'string')
      throw new UiFault(`${field}[${at}]`, 'expected an object with a type');
    return { type: part.type, part, field: `${field}[${at}]` };
  });
}

/** The text of a part. @throws UiFault */
export function partText({ part, field }: UiPart): string {
  if (typeof part.text !== 'string') throw new UiFault(`${field}.text`, 'expected a text');
  return part.text;
}
