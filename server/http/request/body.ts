// Reads the body of a request, up to a size and within a time. Rule: bytes are not parsed, and the large pieces of a large body not even copied,
// since this process carries the audio.

import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { MessageBuffer } from '../../../codecs/websocket/message-buffer.ts';

interface BodyLimits {
  readonly maxBytes: number;
  /** Name of the setting that it comes from. */
  readonly setting?: string;
  /** Time until the last byte. */
  readonly ms: number;
  /** Claims memory for bytes that have just arrived, or says why there is none. */
  reserve?(bytes: number): Refusal | undefined;
}

/** Largest body that is put together. A larger one stays in the pieces that it came in. */
const WHOLE_BYTES = 64 * 1024;
/** Smaller pieces are put together: one takes some hundred bytes beside its own. */
const PIECE_BYTES = 4096;

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Bodies must be JSON, since a page elsewhere can send other types without asking first, or a form where a path is asked with one (`takesForm`). */
export function checkBodyType(request: IncomingMessage, takesForm = false): Refusal | undefined {
  if (!hasBody(request)) return undefined;
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const known = takesForm ? [JSON_TYPE, FORM_TYPE] : [JSON_TYPE];
  if (known.includes(type)) return undefined;
  const message = `expected a body of ${known.join(' or ')}, got ${type || 'no content-type'}`;
  return { status: 415, code: 'unsupported_media_type', message };
}

/** Resolves with undefined for a request without a body. Rejects when the client leaves before its last byte. */
export async function readBody(
  request: IncomingMessage,
  { maxBytes, setting = 'side.maxBodyBytes', ms, reserve }: BodyLimits,
): Promise<Buffer | readonly Buffer[] | undefined | Refusal> {
  if (!hasBody(request)) return undefined;
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return tooLarge(maxBytes, setting);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | readonly Buffer[] | Refusal>();
  const timer = setTimeout(resolve, ms, tooSlow(ms));
  const pieces: Buffer[] = [];
  const small = new MessageBuffer();
  let bytes = 0;
  request.on('data', (piece: Buffer) => {
    bytes += piece.length;
    const refusal = bytes > maxBytes ? tooLarge(maxBytes, setting) : reserve?.(piece.length);
    if (refusal !== undefined) return resolve(refusal);
    if (piece.length < PIECE_BYTES) small.add(piece);
    else if (small.length > 0) pieces.push(small.take(), piece);
    else pieces.push(piece);
    if (small.length >= WHOLE_BYTES) pieces.push(small.take());
    // A pause lets one or two pieces through in each turn of the loop: a socket would give up to 2 MiB at once.
    if (bytes > WHOLE_BYTES) {
      request.pause();
      setImmediate(() => request.resume());
    }
  });
  request.once('end', () => {
    if (small.length > 0) pieces.push(small.take());
    resolve(bytes > WHOLE_BYTES ? pieces : Buffer.concat(pieces, bytes));
  });
  request.once('error', reject);
  // An error that nobody needs would cost more than the rest of this.
  request.once('close', () => request.readableEnded || reject(new Error('the client left')));
  return promise.finally(() => {
    clearTimeout(timer);
    // Nobody waits for the rest of a body that is refused.
    request.removeAllListeners('data').resume();
  });
}

const tooLarge = (maxBytes: number, setting: string): Refusal => ({
  status: 413,
  code: 'body_too_large',
  message: `expected a body of at most ${maxBytes} bytes (${setting})`,
});

const tooSlow = (ms: number): Refusal => ({
  status: 408,
  code: 'body_timeout',
  message: `expected the whole body within ${ms} ms (limits.handshakeMs)`,
});
