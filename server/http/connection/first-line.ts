// Looks at the first line of each connection before HTTP does, and decides whose it is. Rule: a connection that stays is read as if nobody
// had looked, and one that goes has lost no byte.

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { readOn, stopReading } from '../../ipc/channel/connection.ts';

interface FirstLineOptions {
  /** Time for the line. */
  readonly ms: number;
  /** More bytes without a whole line are left to HTTP, which refuses them. */
  readonly maxBytes: number;
  /** Tells whether such a request is answered here. */
  isOurs(line: RequestLine): boolean;
  /** Takes a connection that is not ours, paused, with the bytes that came. Resolves with false where it stays all the same. */
  passOn(socket: Socket, bytes: Buffer): Promise<boolean>;
}

interface RequestLine {
  readonly method: string;
  readonly target: string;
}

type Serve = (socket: Socket, bytes: Buffer) => void;

/** Puts the look before whatever listens for connections now. Returns what serves a connection here without a look. */
export function readFirstLines(server: Server, { ms, maxBytes, isOurs, passOn }: FirstLineOptions): Serve {
  // Under TLS the line is behind the handshake.
  const event = 'setSecureContext' in server ? 'secureConnection' : 'connection';
  const listeners = server.listeners(event);
  server.removeAllListeners(event);

  function serve(socket: Socket, bytes: Buffer): void {
    for (const listener of listeners) listener.call(server, socket);
    if (bytes.length > 0) socket.emit('data', bytes);
  }

  async function offer(socket: Socket, looked: Buffer): Promise<void> {
    const bytes = Buffer.concat([looked, stopReading(socket)]);
    socket.on('error', ignore);
    const isGone = await passOn(socket, bytes);
    if (isGone || socket.destroyed) return;
    socket.off('error', ignore);
    readOn(socket);
    serve(socket, bytes);
  }

  server.on(event, (socket: Socket) => {
    let bytes: Buffer = EMPTY;
    const timer = setTimeout(() => {
      stopLooking();
      server.emit('clientError', Object.assign(new Error('no request'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
    }, ms);
    const stopLooking = (): void => {
      clearTimeout(timer);
      socket.off('data', look).off('end', end).off('error', ignore).off('close', stopLooking);
    };
    const look = (piece: Buffer): void => {
      bytes = bytes.length === 0 ? piece : Buffer.concat([bytes, piece]);
      const line = lineOf(bytes.toString('latin1', 0, maxBytes));
      if (line === 'partial' && bytes.length < maxBytes) return;
      stopLooking();
      if (line === undefined || line === 'partial' || isOurs(line)) serve(socket, bytes);
      else void offer(socket, bytes);
    };
    const end = (): void => {
      stopLooking();
      serve(socket, bytes);
      socket.emit('end');
    };
    socket.on('data', look).on('end', end).on('error', ignore).on('close', stopLooking);
  });
  return serve;
}

const EMPTY = Buffer.alloc(0);
const ignore = (): void => {};

/** A method and a target, each with the space behind it, as far as they have come. Empty lines ahead are skipped (RFC 9112, section 2.2). */
const LINE = /^(?:\r?\n|\r$)*(?:([A-Za-z-]+)(?: +(?:(\S+)( ?))?)?)?(.?)/s;

/** Returns undefined for bytes that begin no request line (RFC 9112, section 3). */
function lineOf(text: string): RequestLine | 'partial' | undefined {
  const [, method = '', target = '', space, rest] = LINE.exec(text) ?? [];
  if (space) return { method, target };
  return rest ? undefined : 'partial';
}
