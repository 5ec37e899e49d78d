// Listens for gateway processes on a Unix socket in a folder that only this user can enter.

import { createServer, type Socket } from 'node:net';
import { receiveBodyChunks } from '../ipc/body-chunks.ts';
import { Rpc } from '../ipc/rpc.ts';
import type { FindOwners, SideHandler } from '../ipc/side-request.ts';
import { socketPort } from '../ipc/socket-port.ts';

export interface SideListener {
  /** Ends open connections, and removes the socket. */
  close(): void;
}

/** `path` is that of the socket. Resolves when it listens, and keeps no process alive. */
export async function listenToGateways(path: string, side: SideHandler, owners: FindOwners): Promise<SideListener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    new Rpc(socketPort(socket, { batching: 'turn' }), { ...receiveBodyChunks(side), owners, pulse: () => true });
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
