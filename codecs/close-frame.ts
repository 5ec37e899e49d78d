// The payload of close frames (RFC 6455, sections 5.5.1 and 7.4).

import { isUtf8 } from 'node:buffer';

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
