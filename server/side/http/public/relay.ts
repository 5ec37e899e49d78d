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
  const write = writer(response, limits);
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
    if (!response.writableEnded) response.end();
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

/** Returns a function that writes a part. Its promise resolves when the client can take more; undefined: it can. */
function writer(response: ServerResponse, { maxReplyBytes, stallMs }: Omit<RelayOptions, 'ask'>) {
  let room: PromiseWithResolvers<void> | undefined;
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
  return (part: SideReplyHead | Buffer): Promise<void> | undefined => {
    if (Buffer.isBuffer(part)) {
      if (response.write(part)) return undefined;
      if (response.writableLength > maxReplyBytes) response.destroy();
      room ??= stall();
      return room.promise;
    }
    const { status, headers, body } = part;
    const length = body === undefined ? undefined : { 'content-length': String(body.length) };
    writeHead(response, status, { ...headers, ...length });
    if (body !== undefined) response.end(body);
    // The first piece often comes in the same turn, and then takes the head along.
    else setImmediate(() => response.destroyed || response.flushHeaders());
    return undefined;
  };
}
