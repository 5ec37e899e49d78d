// Notices that a client leaves before its upgrade is answered. What it sent early stays in the socket, in order.

import type { Socket } from 'node:net';

export interface ClientGone {
  /** Aborted once the client has closed its side or its socket is lost. */
  readonly signal: AbortSignal;
  /** Aborts as if the client had left, but leaves it its socket. */
  abort(): void;
  /** Ends the watch; the socket is as if nobody had looked. */
  stop(): void;
}

export function watchClientGone(socket: Socket): ClientGone {
  const controller = new AbortController();
  const leave = (): void => {
    controller.abort();
    socket.destroy();
  };
  // Nobody reads the socket yet, so its end is announced as "readable" without a byte to read.
  const onReadable = (): void => {
    if (socket.readableLength === 0) socket.read();
    // Behind early bytes, which stay unread, only the stream's own state tells of the end.
    else if ((socket as Socket & { _readableState?: { ended?: boolean } })._readableState?.ended) leave();
  };
  socket.on('readable', onReadable);
  socket.once('end', leave);
  socket.once('close', leave);
  if (socket.destroyed) leave();
  return {
    signal: controller.signal,
    abort: () => controller.abort(),
    stop() {
      socket.off('readable', onReadable);
      socket.off('end', leave);
      socket.off('close', leave);
    },
  };
}
