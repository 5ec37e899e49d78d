// Bounds the connections that are not (yet) sessions, of one address and of all, in each process.

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Limits } from '../../config/config.ts';

export type ConnectionLimit = ReturnType<typeof createConnectionLimit>;

export function createConnectionLimit(
  limits: Pick<Limits, 'maxConnections' | 'maxConnectionsPerAddress'>,
  onRefused: () => void,
) {
  const perAddress = new Map<string, number>();
  /** The address of each connection that is counted, by its ends. */
  const pending = new Map<string, string>();

  function forget(ends: string): void {
    const address = pending.get(ends);
    if (address === undefined) return;
    pending.delete(ends);
    const left = (perAddress.get(address) ?? 1) - 1;
    if (left === 0) perAddress.delete(address);
    else perAddress.set(address, left);
  }

  function count(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const held = perAddress.get(address) ?? 0;
    if (held >= limits.maxConnectionsPerAddress || pending.size >= limits.maxConnections) {
      onRefused();
      return void socket.destroy();
    }
    const ends = endsOf(socket);
    perAddress.set(address, held + 1);
    pending.set(ends, address);
    socket.once('close', () => forget(ends));
  }

  return {
    /** Counts every connection of the server until it is upgraded or closed; one over a limit is destroyed at once. */
    watch: (server: Server) => void server.on('connection', count),
    /** Stops counting a connection, since it became a session. */
    upgraded: (socket: Socket) => forget(endsOf(socket)),
  };
}

/** Identifies a connection: under TLS the upgraded socket is another object than the accepted one, with the same ends. */
function endsOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localPort}`;
}
