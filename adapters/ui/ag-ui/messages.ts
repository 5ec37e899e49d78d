// Writes messages of AG-UI 1.0 as the input of a request of OpenAI Responses.

import { isObject, type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import { audioFormat } from '../audio-format.ts';
import { UiFault } from '../contract.ts';

const MAX_MESSAGES = 10_000;

/** @throws UiFault */
export function agUiItems(messages: unknown): readonly JsonObject[] {
  if (!Array.isArray(messages)) throw new UiFault('messages', 'expected a list of messages');
  if (messages.length > MAX_MESSAGES)
    throw new UiFault('messages', `expected at most ${MAX_MESSAGES} messages, got ${messages.length}`);
  return messages.flatMap((message, at) => itemsOf(message, `messages[${at}]`));
}

const ROLES = ['developer', 'system', 'user', 'assistant', 'tool', 'activity', 'reasoning'];

function itemsOf(message: unknown, field: string): readonly JsonObject[] {
  if (!isObject(message)) throw new UiFault(field, 'expected an object with id, role and content');
  switch (message.role) {
    case 'developer':
    case 'system':
      return [{ role: message.role, content: textOf(message, field) }];
    case 'user':
      return [{ role: 'user', content: contentOf(message.content, `${field}.content`) }];
    case 'assistant':
      return assistantItems(message, field);
    case 'tool':
      return [
        {
          type: 'function_call_output',
          call_id: idOf(message.toolCallId, `${field}.toolCallId`),
          output: outputOf(message, field),
        },
      ];
    case 'reasoning':
      return reasoningItems(message);
    // Progress that an app shows says nothing to a model.
    case 'activity':
      return [];
    default:
      throw new UiFault(`${field}.role`, `expected one of ${ROLES.join(', ')}`);
  }
}

function textOf({ content }: JsonObject, field: string): string {
  if (typeof content === 'string') return content;
  throw new UiFault(`${field}.content`, 'expected a text');
}

function idOf(id: unknown, field: string): string {
  if (typeof id === 'string' && id !== '') return id;
  throw new UiFault(field, 'expected the id of a tool call');
}

function assistantItems({ content, toolCalls }: JsonObject, field: string): readonly JsonObject[] {
  if (content !== undefined && content !== null && typeof content !== 'string')
    throw new UiFault(`${field}.content`, 'expected a text');
  const said = content ? [{ role: 'assistant', content }] : [];
  if (toolCalls === undefined || toolCalls === null) return said;
  if (!Array.isArray(toolCalls)) throw new UiFault(`${field}.toolCalls`, 'expected a list');
  return [...said, ...toolCalls.map((call, at) => callItem(call, `${field}.toolCalls[${at}]`))];
}

function callItem(call: unknown, field: string): JsonObject {
  const called = isObject(call) ? objectAt(call, 'function') : undefined;
  if (!isObject(call) || typeof called?.name !== 'string' || typeof called.arguments !== 'string')
    throw new UiFault(field, 'expected an object with id and function: name and arguments');
  return {
    type: 'function_call',
    call_id: idOf(call.id, `${field}.id`),
    name: called.name,
    arguments: called.arguments,
  };
}

/** A failure stands beside the content, so that a model is told both. */
function outputOf({ content, error }: JsonObject, field: string): unknown {
  const output = typeof content === 'string' ? content : contentOf(content, `${field}.content`);
  if (typeof error !== 'string' || error === '') return output;
  return JSON.stringify(output === '' ? { error } : { error, output });
}

/** Models go on from reasoning that is encrypted, and from no other. */
function reasoningItems({ content, encryptedValue }: JsonObject): readonly JsonObject[] {
  if (typeof encryptedValue !== 'string' || encryptedValue === '') return [];
  const summary = typeof content === 'string' && content !== '' ? [{ type: 'summary_text', text: content }] : [];
  return [{ type: 'reasoning', encrypted_content: encryptedValue, summary }];
}

function contentOf(content: unknown, field: string): unknown {
  if (typeof content === 'string') return [{ type: 'input_text', text: content }];
  if (!Array.isArray(content)) throw new UiFault(field, 'expected a text or a list of parts');
  return content.map((part, at) => partOf(part, `${field}[${at}]`));
}

function partOf(part: unknown, field: string): JsonObject {
  if (!isObject(part)) throw new UiFault(field, 'expected an object with a type');
  if (part.type === 'text') {
    if (typeof part.text !== 'string') throw new UiFault(`${field}.text`, 'expected a text');
    return { type: 'input_text', text: part.text };
  }
  const write = typeof part.type === 'string' && Object.hasOwn(MEDIA, part.type) ? MEDIA[part.type] : undefined;
  if (write === undefined) throw new UiFault(`${field}.type`, `expected text, ${Object.keys(MEDIA).join(' or ')}`);
  const { type, value, mimeType } = objectAt(part, 'source') ?? {};
  if (typeof value !== 'string' || !SOURCES.includes(type as string))
    throw new UiFault(`${field}.source`, `expected an object with type (${SOURCES.join(', ')}) and value`);
  if (type === 'data' && typeof mimeType !== 'string')
    throw new UiFault(`${field}.source.mimeType`, 'expected a media type such as image/png');
  return write({ type: type as Source['type'], value, mimeType: typeof mimeType === 'string' ? mimeType : '' });
}

interface Source {
  readonly type: 'data' | 'url' | 'file';
  readonly value: string;
  readonly mimeType: string;
}

const SOURCES = ['data', 'url', 'file'];
const urlOf = ({ type, value, mimeType }: Source): string =>
  type === 'data' ? `data:${mimeType};base64,${value}` : value;

const MEDIA: Readonly<Record<string, (source: Source) => JsonObject>> = {
  image: (source) => ({
    ...{ type: 'input_image', detail: 'auto' },
    ...(source.type === 'file' ? { file_id: source.value } : { image_url: urlOf(source) }),
  }),
  document: (source) => {
    if (source.type === 'file') return { type: 'input_file', file_id: source.value };
    if (source.type === 'url') return { type: 'input_file', file_url: source.value };
    return { type: 'input_file', filename: 'file', file_data: urlOf(source) };
  },
  audio: (source) => {
    if (source.type !== 'data') return { type: 'input_file', file_url: source.value };
    const subtype = source.mimeType.slice(source.mimeType.indexOf('/') + 1);
    return { type: 'input_audio', input_audio: { data: source.value, format: audioFormat(subtype) } };
  },
};
