// Listens for our other processes, which ask here for what their sessions and calls need, on a Unix socket in a folder that only this user can
// enter.

import { createServer, type Socket } from 'node:net';
import { type Handlers, Rpc } from '../../ipc/channel/rpc.ts';
import { socketPort } from '../../ipc/channel/socket-port.ts';

interface SideListener {
  /** Ends open connections, and removes the socket. */
  close(): void;
}

/** `path` is that of the socket. Resolves when it listens, and keeps no process alive. */
export async function listenToProcesses(path: string, handlers: Handlers): Promise<SideListener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    new Rpc(socketPort(socket, { batching: 'turn' }), handlers);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  server.unref();
  return {
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
