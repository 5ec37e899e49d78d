// The message that an answer goes on with: after a step with tools the AI SDK adds to the message that has the calls.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { type ToolPart, toolPart } from './tool-part.ts';
import { partText, type UiMessage, type UiPart } from './ui-message.ts';

/** Undefined where the answer is a message of its own. */
export function continuedMessage(
  messages: readonly UiMessage[],
  { trigger, messageId }: JsonObject,
): UiMessage | undefined {
  if (trigger === 'regenerate-message') return undefined;
  const named = typeof messageId === 'string' ? messages.find(({ id }) => id === messageId) : undefined;
  const message = named ?? messages.at(-1);
  return message?.role === 'assistant' ? message : undefined;
}

export const toolParts = ({ parts }: UiMessage): readonly ToolPart[] =>
  parts.map(toolPart).filter((tool) => tool !== undefined);

/** The chunks that make a message as it was sent, for a page that has lost it. None of them asks the page to run a tool. */
export function chunksOfMessage({ parts }: UiMessage): readonly JsonObject[] {
  return parts.flatMap((part, at) => chunksOfPart(part, `${at}`));
}

function chunksOfPart(ui: UiPart, id: string): readonly JsonObject[] {
  const { type, part } = ui;
  if (type === 'step-start') return [{ type: 'start-step' }];
  if (type === 'text' || type === 'reasoning')
    return [
      { type: `${type}-start`, id, ...metadataOf(part.providerMetadata) },
      { type: `${type}-delta`, id, delta: partText(ui) },
      { type: `${type}-end`, id },
    ];
  const tool = toolPart(ui);
  if (tool !== undefined) return chunksOfTool(tool);
  if (type.startsWith('data-')) return [{ type, ...texts(part, ['id']), data: part.data ?? null }];
  const needed = Object.hasOwn(SAME_AS_CHUNKS, type) ? SAME_AS_CHUNKS[type] : undefined;
  if (!needed?.every((name) => typeof part[name] === 'string')) return [];
  return [{ type, ...texts(part, [...needed, 'title', 'filename']), ...metadataOf(part.providerMetadata) }];
}

/** Parts that are chunks of the same fields -> the texts that they cannot do without. A page takes no other chunk. */
const SAME_AS_CHUNKS: Readonly<Record<string, readonly string[]>> = {
  file: ['url', 'mediaType'],
  'reasoning-file': ['url', 'mediaType'],
  'source-url': ['sourceId', 'url'],
  'source-document': ['sourceId', 'mediaType', 'title'],
  custom: ['kind'],
};

const texts = (part: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(names.flatMap((name) => (typeof part[name] === 'string' ? [[name, part[name]]] : [])));

const metadataOf = (metadata: unknown): JsonObject =>
  isObject(metadata) && Object.values(metadata).every(isObject) ? { providerMetadata: metadata } : {};

function chunksOfTool({ id, name, input, state, isHosted, part }: ToolPart): readonly JsonObject[] {
  const call = { toolCallId: id };
  const isText = part.inputEncoding === 'text';
  const start = {
    ...{ type: 'tool-input-start', ...call, toolName: name },
    ...(isText ? { inputEncoding: 'text' } : {}),
    ...(part.type === 'dynamic-tool' ? { dynamic: true } : {}),
    ...(isHosted ? { providerExecuted: true } : {}),
    ...texts(part, ['title']),
    ...metadataOf(part.callProviderMetadata),
  };
  const text = isText && typeof input === 'string' ? input : JSON.stringify(input ?? {});
  const hosted = isHosted ? { providerExecuted: true } : {};
  return [
    start,
    { type: 'tool-input-delta', ...call, inputTextDelta: text },
    ...chunksOfApproval(part, call),
    ...(state === 'output-available'
      ? [{ type: 'tool-output-available', ...call, output: part.output ?? null, ...hosted }]
      : []),
    ...(state === 'output-error'
      ? [{ type: 'tool-output-error', ...call, errorText: String(part.errorText), ...hosted }]
      : []),
    ...(state === 'output-denied' ? [{ type: 'tool-output-denied', ...call }] : []),
  ];
}

function chunksOfApproval({ approval }: JsonObject, call: JsonObject): readonly JsonObject[] {
  if (!isObject(approval) || typeof approval.id !== 'string') return [];
  const { id: approvalId, approved, reason, requestReason } = approval;
  const request = { type: 'tool-approval-request', approvalId, ...call };
  const why = typeof reason === 'string' ? { reason } : {};
  return [
    { ...request, ...(typeof requestReason === 'string' ? { reason: requestReason } : {}) },
    ...(typeof approved === 'boolean' ? [{ type: 'tool-approval-response', approvalId, approved, ...why }] : []),
  ];
}
