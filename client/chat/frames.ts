// The frames on /v1/ui/chat, which are those of the AI SDK's `WebSocketChatTransport`.

import type { UIMessageChunk } from 'ai';

/** A frame of the page, without the id of its request. */
export type AskFrame =
  | {
      readonly type: 'send';
      readonly id: string;
      readonly messages: readonly unknown[];
      readonly [field: string]: unknown;
    }
  | {
      readonly type: 'resume';
      readonly id: string;
      /** The answer that is meant: the last one of the chat where it is left out. */
      readonly responseId?: string;
      /** The request under which a message was sent that may have arrived: its answer is meant. */
      readonly sentAs?: string;
      /** The last chunk of that answer that the page has. */
      readonly lastSequence?: number;
      readonly [field: string]: unknown;
    };

export type AnswerFrame = { readonly requestId: string } & (
  | { readonly type: 'start' | 'end' | 'no-active' }
  | { readonly type: 'chunk'; readonly sequence: number; readonly chunk: UIMessageChunk }
  | { readonly type: 'error'; readonly errorText?: string; readonly code?: string; readonly param?: string }
);

/** Undefined for what is none: a newer gateway may say more than this reads. */
export function readAnswerFrame(data: unknown): AnswerFrame | undefined {
  if (typeof data !== 'string') return undefined;
  const frame = JSON.parse(data) as AnswerFrame | null;
  return typeof frame?.requestId === 'string' ? frame : undefined;
}

/** The id of the answer that begins with this chunk; undefined for one that no model was asked for, such as calls that the user has said yes to. */
export function answerId(chunk: UIMessageChunk): string | undefined {
  if (chunk.type !== 'start') return undefined;
  const { responseId } = (chunk.messageMetadata ?? {}) as { responseId?: unknown };
  return typeof responseId === 'string' ? responseId : undefined;
}
