// Plain data to bytes and back (MessagePack), for what one process hands over to another. undefined stays undefined, and every
// message stands for itself: nothing is remembered between two of them.

import { Packr } from 'msgpackr';

// Records would be shorter, but a reader that was started again would not know the ones that came before.
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

/** Numbers, strings, booleans, null, undefined, bytes, lists and plain objects. The bytes are the caller's own. */
export function encodeMsgpack(value: unknown): Buffer {
  return packr.pack(value);
}

/** The value of one whole message. Throws when the bytes are none, or more than one. */
export function decodeMsgpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes);
  } catch (cause) {
    throw new Error(`expected one MessagePack message, got ${bytes.length} bytes that are none`, { cause });
  }
}
