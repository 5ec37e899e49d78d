// A client's connection on its way to another of our processes. Rule: whoever passes it on has stopped to read it, so that no byte is lost
// between the two.

import { type Server, Socket } from 'node:net';

/** Goes along with the connection itself. */
export interface PassedConnection {
  /** Bytes that were read of it, from the first byte of a request on. */
  readonly bytes: Buffer;
  /** The client's address, where a proxy has said it. */
  readonly address?: string | undefined;
}

/** The handle that Node keeps beneath a socket: what crosses between processes, and the only way to end a reading at once. */
interface Handle {
  readStart(): void;
  readStop(): void;
  close(): void;
}

/** Returns the part of a socket, or of a server that listens, that can be passed on; undefined where it is closed. */
export function handleOf(socket: Socket | Server): Handle | undefined {
  return (socket as (Socket | Server) & { _handle?: Handle | null })._handle ?? undefined;
}

/** Reads no more of the socket, and returns what was read of it and has reached nobody. */
export function stopReading(socket: Socket): Buffer {
  socket.pause();
  handleOf(socket)?.readStop();
  return socket.read() ?? Buffer.alloc(0);
}

/** Reads on where `stopReading` ended. */
export function readOn(socket: Socket): void {
  handleOf(socket)?.readStart();
  socket.resume();
}

/** Makes a socket of a handle that another process has passed on. It is not read yet. */
export function socketOf(handle: unknown): Socket {
  return new Socket({ handle, allowHalfOpen: true, manualStart: true } as ConstructorParameters<typeof Socket>[0]);
}

/** Closes what another process has passed on, in this process alone. */
export function letGo(handle: unknown): void {
  (handle as Handle | undefined)?.close();
}
