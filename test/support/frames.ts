// Frames for tests, from text, bytes, or an event.

import type { Frame, OutFrame } from '../../codecs/websocket/frame.ts';

export function frameOf(payload: string | Buffer | object, binary = false): Frame {
  if (Buffer.isBuffer(payload)) return { data: payload, binary, at: 0 };
  return { data: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)), binary, at: 0 };
}

/** The event in a message of the gateway's own, whose opcode must be that of text. */
export function eventOf(message: OutFrame | undefined) {
  if (message === undefined || message.binary) throw new Error('expected a text message');
  return JSON.parse(message.data.toString());
}
