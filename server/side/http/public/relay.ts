// Asks the handlers of the side path and writes their answer as it comes. The memory that a slow client takes is bounded.

import type { ServerResponse } from 'node:http';
import { writeHead } from '../../../http/reply.ts';
import type { EmitPart, SideHandler, SideRefusal, SideReplyHead, SideRequest } from '../../../ipc/side-request.ts';
import { unlessAborted } from '../../../platform/deadline.ts';
import { takenBytes } from '../../../transport/socket-handle.ts';

const CHECKS_PER_STALL = 4;

interface RelayOptions {
  readonly ask: SideHandler;
  /** Bytes written and not yet sent; beyond it the client is cut off, and its call aborted. */
  readonly maxReplyBytes: number;
  /** The longest time without write progress while bytes are queued. */
  readonly stallMs: number;
  /** Time for the answer to begin; undefined where it may take as long as its work does. */
  readonly headMs?: number | undefined;
}

/**
 * `answered`: the response has been written, or its client is gone; with what was wrong where it says so. `unavailable`: it failed, or
 * did not begin in time, and nothing was written.
 */
export async function relay(
  request: SideRequest,
  response: ServerResponse,
  { ask, ...limits }: RelayOptions,
): Promise<'answered' | 'unavailable' | { readonly refused: SideRefusal }> {
  const stop = new AbortController();
  let refused: SideRefusal | undefined;
  const answered = () => (refused === undefined ? 'answered' : { refused });
  const isOver = () => stop.signal.aborted || response.destroyed;
  const { write, end } = writer(response, limits);
  const timer = limits.headMs === undefined ? undefined : setTimeout(() => stop.abort(), limits.headMs);
  response.once('close', () => response.writableFinished || stop.abort());
  const emit: EmitPart = (part) => {
    if (isOver()) return undefined;
    clearTimeout(timer);
    if (!Buffer.isBuffer(part)) refused = part.refused;
    try {
      if (response.req.method !== 'HEAD') return write(part);
      // The head is the whole answer; a stream behind it would hold the connection.
      void write(part);
      response.end();
      return stop.abort();
    } catch {
      // A head that HTTP cannot carry ends this answer alone.
      response.destroy();
      return undefined;
    }
  };
  try {
    // A handler that waits for a store which hangs hears of no cancellation, so this does not wait for it.
    await unlessAborted(ask(request, emit, stop.signal), stop.signal);
    if (!response.headersSent) return 'unavailable';
    if (!response.writableEnded) end();
    return answered();
  } catch {
    if (!response.headersSent && !response.destroyed) return 'unavailable';
    // An answer that breaks off must not look complete.
    if (!response.writableEnded) response.destroy();
    return answered();
  } finally {
    clearTimeout(timer);
  }
}

/** Cuts a client off that took nothing for `stallMs`: one that reads slowly may take longer than that for what is queued. */
function watchStall(response: ServerResponse, stallMs: number): NodeJS.Timeout {
  let taken = takenBytes(response.socket);
  let quietChecks = 0;
  return setInterval(() => {
    const now = takenBytes(response.socket);
    quietChecks = now === taken ? quietChecks + 1 : 0;
    taken = now;
    if (quietChecks >= CHECKS_PER_STALL) response.destroy();
  }, stallMs / CHECKS_PER_STALL);
}

/** `write` writes a part: its promise resolves when the client can take more; undefined: it can. `end` ends an answer without a length. */
function writer(response: ServerResponse, { maxReplyBytes, stallMs }: Omit<RelayOptions, 'ask'>) {
  let room: PromiseWithResolvers<void> | undefined;
  let isChunked = false;
  function stall(): PromiseWithResolvers<void> {
    const moved = Promise.withResolvers<void>();
    const timer = watchStall(response, stallMs);
    const go = (): void => {
      room = undefined;
      clearInterval(timer);
      response.off('drain', go).off('close', go);
      moved.resolve();
    };
    response.on('drain', go).on('close', go);
    return moved;
  }
  function write(part: SideReplyHead | Buffer): Promise<void> | undefined {
    if (Buffer.isBuffer(part)) {
      // A client that reads well may be sent a large piece at once.
      if (response.writableLength > maxReplyBytes) response.destroy();
      if (part.length === 0 || response.write(isChunked ? chunkOf(part) : part)) return undefined;
      room ??= stall();
      return room.promise;
    }
    const { status, headers, body } = part;
    const length = body === undefined ? undefined : { 'content-length': String(body.length) };
    writeHead(response, status, { ...headers, ...length });
    if (body !== undefined) {
      response.end(body);
      return undefined;
    }
    isChunked = response.chunkedEncoding;
    response.chunkedEncoding = false;
    // The first piece often comes in the same turn, and then takes the head along.
    setImmediate(() => response.destroyed || response.flushHeaders());
    return undefined;
  }
  return { write, end: () => void response.end(isChunked ? LAST_CHUNK : undefined) };
}

/** https://www.rfc-editor.org/rfc/rfc9112#section-7.1 */
const LAST_CHUNK = '0\r\n\r\n';

/** A piece as one chunk in one buffer: Node would write its parts as four, for which a token takes a sixth more CPU. */
function chunkOf(piece: Buffer): Buffer {
  const size = `${piece.length.toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(size.length + piece.length + 2);
  chunk.write(size, 0, 'latin1');
  piece.copy(chunk, size.length);
  chunk.write('\r\n', size.length + piece.length, 'latin1');
  return chunk;
}
