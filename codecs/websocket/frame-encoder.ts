// Encodes small frames of our own (RFC 6455, section 5.2).

import { takeRandomBytes } from './random-bytes.ts';

export type OwnOpcode = 'text' | 'binary' | 'close' | 'ping' | 'pong';

const OPCODES: Readonly<Record<OwnOpcode, number>> = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** Encodes one whole frame. `isMasked`: with a random mask, as the frames of clients must have. */
export function encodeFrame(opcode: OwnOpcode, payload: Buffer, isMasked: boolean): Buffer {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = Buffer.alloc(2 + extended + (isMasked ? 4 : 0) + length);
  frame[0] = 0x80 | OPCODES[opcode];
  frame[1] = (isMasked ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) frame.writeUInt16BE(length, 2);
  if (extended === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  const start = frame.length - length;
  payload.copy(frame, start);
  if (isMasked) {
    const mask = takeRandomBytes(4);
    mask.copy(frame, start - 4);
    for (let index = 0; index < length; index += 1) {
      frame[start + index] = (frame[start + index] as number) ^ (mask[index & 3] as number);
    }
  }
  return frame;
}
