// Notices that a client leaves before its upgrade is answered. Early bytes of the client stay in the socket, in order.

import type { Socket } from 'node:net';

export type ClientGone = ReturnType<typeof watchClientGone>;

export function watchClientGone(socket: Socket) {
  const controller = new AbortController();
  const leave = (): void => {
    controller.abort();
    socket.destroy();
  };
  // Node announces the end of a socket that nobody reads as "readable" without a byte to read.
  const onReadable = (): void => {
    if (socket.readableLength === 0) socket.read();
    // Early bytes stay unread, and behind them only the stream's own state tells of the end.
    else if ((socket as Socket & { _readableState?: { ended?: boolean } })._readableState?.ended) leave();
  };
  socket.on('readable', onReadable);
  socket.once('end', leave);
  socket.once('close', leave);
  if (socket.destroyed) leave();
  return {
    /** Aborted once the client has closed its side or its socket is lost. */
    signal: controller.signal,
    /** Aborts the signal and leaves the socket open. */
    abort: () => controller.abort(),
    /** Removes the listeners. */
    stop() {
      socket.off('readable', onReadable);
      socket.off('end', leave);
      socket.off('close', leave);
    },
  };
}
