// Reads the body of a request, up to a size and within a time. What is wrong with it is a value; the bytes are not looked at, and those of a
// large one are not even moved: this process carries the audio.

import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../../adapters/realtime/contract.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** From now until the last byte. */
  readonly ms: number;
  /** Why no more bytes can be kept, asked with how many have just come. */
  reserve?(bytes: number): Refusal | undefined;
}

/** Put together up to this size; a larger body stays in the pieces that it came in. */
const WHOLE_BYTES = 64 * 1024;

/** undefined where the request has none. Rejects when the client leaves before its last byte. */
export async function readBody(
  request: IncomingMessage,
  { maxBytes, ms, reserve: objection }: BodyLimits,
): Promise<Buffer | readonly Buffer[] | undefined | Refusal> {
  const { headers } = request;
  const announced = Number(headers['content-length'] ?? 0);
  if (headers['transfer-encoding'] === undefined && announced === 0) return undefined;
  if (announced > maxBytes) return tooLarge(maxBytes);
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    const timer = setTimeout(() => refuse(tooSlow(ms)), ms);
    function refuse(refusal: Refusal): void {
      clearTimeout(timer);
      // The rest, if there is one, is passed over: nobody waits for it any more.
      request.removeAllListeners('data').resume();
      pieces.length = 0;
      resolve(refusal);
    }
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
      const refusal = bytes > maxBytes ? tooLarge(maxBytes) : objection?.(piece.length);
      if (refusal !== undefined) return refuse(refusal);
      pieces.push(piece);
      // Of a large one, a piece or two in each turn of the loop: a socket would give up to 2 MiB at once.
      if (bytes > WHOLE_BYTES) {
        request.pause();
        setImmediate(() => request.resume());
      }
    });
    request.once('end', () => {
      clearTimeout(timer);
      resolve(bytes > WHOLE_BYTES ? pieces : Buffer.concat(pieces, bytes));
    });
    request.once('error', reject);
    request.once('close', () => {
      clearTimeout(timer);
      if (!request.readableEnded) reject(new Error('the client left'));
    });
  });
}

const tooLarge = (maxBytes: number): Refusal => ({
  status: 413,
  code: 'body_too_large',
  message: `expected a body of at most ${maxBytes} bytes (side.maxBodyBytes)`,
});

const tooSlow = (ms: number): Refusal => ({
  status: 408,
  code: 'body_timeout',
  message: `expected the whole body within ${ms} ms (limits.handshakeMs)`,
});
