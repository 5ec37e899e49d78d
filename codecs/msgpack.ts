// Plain data to bytes and back (MessagePack), for messages between our processes. undefined stays undefined.
// Rule: every message can be decoded alone; nothing is remembered between two messages.

import { Packr } from 'msgpackr';

// Records would be shorter, but a reader that was restarted would not know the earlier ones.
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

/** Encodes numbers, strings, booleans, null, undefined, bytes, lists and plain objects. The bytes belong to the caller. */
export function encodeMsgpack(value: unknown): Buffer {
  return packr.pack(value);
}

/** Decodes one whole message. @throws Error for bytes that are no message, or more than one. */
export function decodeMsgpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes);
  } catch (cause) {
    throw new Error(`expected one MessagePack message, got ${bytes.length} bytes that are none`, { cause });
  }
}
