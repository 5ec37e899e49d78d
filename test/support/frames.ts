// Frames for tests, from text, bytes, or an event.

import type { Frame } from '../../codecs/frame.ts';

export function frameOf(payload: string | Buffer | object, binary = false): Frame {
  if (Buffer.isBuffer(payload)) return { data: payload, binary, at: 0 };
  return { data: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)), binary, at: 0 };
}
