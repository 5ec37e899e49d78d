// Close frames and other small frames of our own (RFC 6455, sections 5.2, 5.5 and 7.4).

import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';

/** What a close frame says. 1005: it was empty. */
export interface ReceivedClose {
  readonly code: number;
  readonly reason: Buffer;
}

export type OwnOpcode = 'text' | 'close' | 'ping' | 'pong';

const OPCODES: Readonly<Record<OwnOpcode, number>> = { text: 1, close: 8, ping: 9, pong: 10 };
const EMPTY = Buffer.alloc(0);

/** One whole frame; masked as clients must. */
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
    const mask = randomBytes(4);
    mask.copy(frame, start - 4);
    for (let index = 0; index < length; index += 1) {
      frame[start + index] = (frame[start + index] as number) ^ (mask[index & 3] as number);
    }
  }
  return frame;
}

/** The payload of a close frame; without a code it is empty. */
export function closePayload(code: number | undefined, reason: string | Buffer = ''): Buffer {
  if (code === undefined) return EMPTY;
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return Buffer.concat([payload, Buffer.from(reason as string)]);
}

/** What was received, or the close code for what is wrong with it. */
export function readClose(payload: Buffer): ReceivedClose | { readonly fault: number } {
  if (payload.length === 0) return { code: 1005, reason: EMPTY };
  if (payload.length === 1) return { fault: 1002 };
  const code = payload.readUInt16BE(0);
  if (!isSendable(code)) return { fault: 1002 };
  const reason = payload.subarray(2);
  return isUtf8(reason) ? { code, reason } : { fault: 1007 };
}

/** Section 7.4.2, and the registry of close codes. */
function isSendable(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code < 5000)
  );
}
