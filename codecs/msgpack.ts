// Plain data to bytes and back (MessagePack), for messages between our processes. undefined stays undefined.
// Rule: every message can be decoded alone; nothing is remembered between two messages.

import { Packr, RESERVE_START_SPACE } from 'msgpackr';

// Records would be shorter, but a reader that was restarted would not know the earlier ones.
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

/** Encodes numbers, strings, booleans, null, undefined, bytes, lists and plain objects. The bytes belong to the caller. */
export function encodeMsgpack(value: unknown): Buffer {
  return packr.pack(value);
}

/** Size of the length field before a message on a pipe. */
export const LENGTH_BYTES = 4;

/** Encodes like `encodeMsgpack`, with the length of the message (little-endian) in front. */
export function encodeMessage(message: object): Buffer {
  const bytes = packr.pack(message, RESERVE_START_SPACE + LENGTH_BYTES);
  bytes.writeUInt32LE(bytes.length - LENGTH_BYTES);
  return bytes;
}

/** Decodes one whole message, without a length in front. Bytes in it are a view. @throws Error for bytes that are no message, or more than one. */
export function decodeMsgpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes);
  } catch (cause) {
    throw new Error(`expected one MessagePack message, got ${bytes.length} bytes that are none`, { cause });
  }
}
