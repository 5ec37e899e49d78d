// Close frames (RFC 6455, sections 5.5.1 and 7.4): their payload, and where one ends in a stream of frames.

import { isUtf8 } from 'node:buffer';
import { CLOSE, headerLength, type OpenFrame, readHeader } from './frame-header.ts';

/** A received close. `code` is 1005 when the frame was empty. */
interface ReceivedClose {
  readonly code: number;
  readonly reason: Buffer;
}

const EMPTY = Buffer.alloc(0);

/** The payload of a close frame; empty without a code. */
export function closePayload(code: number | undefined, reason: string | Buffer = ''): Buffer {
  if (code === undefined) return EMPTY;
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return Buffer.concat([payload, Buffer.from(reason as string)]);
}

/** Reads the payload of a close frame. `fault`: the close code for an invalid payload. */
export function readClose(payload: Buffer): ReceivedClose | { readonly fault: number } {
  if (payload.length === 0) return { code: 1005, reason: EMPTY };
  if (payload.length === 1) return { fault: 1002 };
  const code = payload.readUInt16BE(0);
  if (!isSendableCloseCode(code)) return { fault: 1002 };
  const reason = payload.subarray(2);
  return isUtf8(reason) ? { code, reason } : { fault: 1007 };
}

/** True for the codes that a close frame may hold: RFC 6455, section 7.4.2, and the IANA registry. */
export function isSendableCloseCode(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code < 5000)
  );
}

/** The bytes of a header, or the frame, that a stream is within. */
interface Begun {
  readonly header?: Buffer;
  readonly frame?: OpenFrame | undefined;
}

/**
 * Returns a function that reads the next chunk of a stream of frames, and tells whether a close frame ends in it. Only lengths are read. `header`, `frame`: what
 * the first chunk goes on with.
 */
export function findClose({ header: begun = EMPTY, frame }: Begun = {}): (chunk: Buffer) => boolean {
  const header = Buffer.alloc(14);
  let headerHas = begun.copy(header);
  let payloadLeft = frame === undefined ? 0 : frame.payloadBytes - frame.read;
  let isClose = frame?.opcode === CLOSE;
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (payloadLeft === 0) {
        header[headerHas++] = chunk[at++] as number;
        if (headerHas < 2 || headerHas < headerLength(header[1] as number)) continue;
        const { opcode, payloadBytes } = readHeader(header);
        headerHas = 0;
        payloadLeft = payloadBytes;
        isClose = opcode === CLOSE;
      }
      const taken = Math.min(payloadLeft, chunk.length - at);
      payloadLeft -= taken;
      at += taken;
      if (payloadLeft === 0 && isClose) return true;
    }
    return false;
  };
}
