// Joins a connection that only this process can read, such as one under TLS, with a socket of another one of our processes. A line ahead of
// the bytes says whose it is, so that the other end is asked for its addresses as if it were the connection itself.

import { once } from 'node:events';
import type { Server } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { type PassedConnection, readOn } from '../../ipc/channel/connection.ts';

interface Ahead {
  readonly ends: Pick<Socket, 'remoteAddress' | 'remotePort' | 'localPort'>;
  readonly address?: string | undefined;
}

/** Resolves when the other process has it; rejects where none takes it, and the connection is as it was. `path`: of the other process's socket. */
export async function splice(socket: Socket, { bytes, address }: PassedConnection, path: string): Promise<void> {
  const inner = createConnection({ path, allowHalfOpen: true });
  const { remoteAddress, remotePort, localPort } = socket;
  const ahead: Ahead = { ends: { remoteAddress, remotePort, localPort }, address };
  inner.write(Buffer.concat([Buffer.from(`${JSON.stringify(ahead)}\n`), bytes]));
  await once(inner, 'readable', { signal: aborted(inner) });
  // It may have answered already.
  inner.read(TAKEN.length);
  for (const [one, other] of [
    [socket, inner],
    [inner, socket],
  ] as const) {
    one.on('error', ignore).once('close', () => other.destroy());
    one.pipe(other);
  }
  if (socket.destroyed) inner.destroy();
  readOn(socket);
}

/** Reads the line ahead of what comes through the server's own socket. Returns what serves any other connection. */
export function readSpliced(
  server: Server,
  take: (socket: Socket, connection: PassedConnection) => void,
): (socket: Socket) => void {
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    let read: Buffer = Buffer.alloc(0);
    const look = (piece: Buffer): void => {
      read = Buffer.concat([read, piece]);
      const end = read.indexOf('\n');
      if (end < 0) return;
      socket.off('data', look).off('error', ignore);
      socket.write(TAKEN);
      const { ends, address } = JSON.parse(read.toString('utf8', 0, end)) as Ahead;
      for (const [name, value] of Object.entries(ends)) Object.defineProperty(socket, name, { value });
      take(socket, { bytes: read.subarray(end + 1), address });
    };
    socket.on('data', look).on('error', ignore);
  });
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
}

/** The other end has it, so that an end of the connection is one of its answer. */
const TAKEN = Buffer.from('\n');

/** Aborts when the socket is closed. */
function aborted(socket: Socket): AbortSignal {
  const controller = new AbortController();
  socket.once('close', () => controller.abort());
  return controller.signal;
}

const ignore = (): void => {};
