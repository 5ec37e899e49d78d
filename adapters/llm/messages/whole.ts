// Writes a whole message as a stream, for a client that asked for one where the endpoint gave the answer at once.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import { messageEvent } from './event.ts';

export function streamOfMessage(message: JsonObject): Buffer {
  const { content, stop_reason, stop_sequence, usage } = message;
  const begun = { ...message, content: [], stop_reason: null, stop_sequence: null };
  const blocks = Array.isArray(content) ? content.filter(isObject) : [];
  return Buffer.concat([
    messageEvent('message_start', { message: begun }),
    ...blocks.flatMap(eventsOf),
    messageEvent('message_delta', { delta: { stop_reason, stop_sequence }, usage }),
    messageEvent('message_stop', {}),
  ]);
}

function eventsOf(block: JsonObject, index: number): readonly Buffer[] {
  const { head, deltas } = partsOf(block);
  return [
    messageEvent('content_block_start', { index, content_block: head }),
    ...deltas.map((delta) => messageEvent('content_block_delta', { index, delta })),
    messageEvent('content_block_stop', { index }),
  ];
}

interface BlockParts {
  /** The block before anything was said. */
  readonly head: JsonObject;
  readonly deltas: readonly JsonObject[];
}

/** A block of another kind comes as it is. */
function partsOf(block: JsonObject): BlockParts {
  const { type, text, thinking, signature, input } = block;
  switch (type) {
    case 'text':
      return { head: { ...block, text: '' }, deltas: [{ type: 'text_delta', text }] };
    case 'thinking':
      return {
        head: { ...block, thinking: '', signature: '' },
        deltas: [
          { type: 'thinking_delta', thinking },
          { type: 'signature_delta', signature },
        ],
      };
    case 'tool_use':
      return {
        head: { ...block, input: {} },
        deltas: [{ type: 'input_json_delta', partial_json: JSON.stringify(input ?? {}) }],
      };
    default:
      return { head: block, deltas: [] };
  }
}
