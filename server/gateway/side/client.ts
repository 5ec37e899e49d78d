// A gateway process's own way to the side process: calls go there directly, and the supervisor only says where it is.

import { createConnection, type Socket } from 'node:net';
import { sendBodyInChunks } from '../../ipc/body-chunks.ts';
import { type Port, Rpc } from '../../ipc/rpc.ts';
import type { SideHandler } from '../../ipc/side-request.ts';
import { type SocketPortLimits, socketPort } from '../../ipc/socket-port.ts';

interface Connection {
  readonly socket: Socket;
  readonly port: Port;
  readonly rpc: Rpc;
}

export class SideClient {
  readonly #limits: SocketPortLimits | undefined;
  #path: string | undefined;
  #connection: Connection | undefined;

  constructor(limits?: SocketPortLimits) {
    this.#limits = limits;
  }

  /** Rejects while there is no side process, and when it dies before its answer is complete. */
  readonly ask: SideHandler = async (request, emit, signal) => {
    const rpc = this.#connect();
    return rpc.stream<void>('side', await sendBodyInChunks(rpc, request, signal), { onPart: emit, signal });
  };

  /** Tells where the side process listens from now on. Calls to the one before end with their connection. */
  use(path: string): void {
    this.#path = path;
    this.#connection = undefined;
  }

  /** Ends the calls that have no answer yet. */
  close(): void {
    this.#connection?.socket.destroy();
  }

  #connect(): Rpc {
    if (this.#connection?.port.connected) return this.#connection.rpc;
    if (this.#path === undefined) throw new Error('the side process does not run');
    const socket = createConnection(this.#path);
    const port = socketPort(socket, this.#limits);
    this.#connection = { socket, port, rpc: new Rpc(port, {}) };
    return this.#connection.rpc;
  }
}
