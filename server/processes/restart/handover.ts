// Tells the next supervisor of the sessions that are left here, over a socket that only this user can reach.

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Handlers, Rpc } from '../../ipc/channel/rpc.ts';
import { socketPort } from '../../ipc/channel/socket-port.ts';
import type { SessionOrder } from '../../ipc/session-record.ts';
import type { GatewayProcesses } from '../gateway-processes.ts';

interface HandoverOptions {
  /** Folder of the socket. */
  readonly folder: string;
  readonly sessions: Pick<GatewayProcesses, 'find' | 'holderOf' | 'records' | 'endSession' | 'follow'>;
}

export class Handover {
  readonly path: string;
  readonly #options: HandoverOptions;
  readonly #server: Server;
  #socket: Socket | undefined;

  constructor(options: HandoverOptions) {
    this.#options = options;
    this.path = join(options.folder, 'next');
    this.#server = createServer((socket) => this.#serve(socket));
  }

  async open(): Promise<void> {
    rmSync(this.path, { force: true });
    this.#server.listen(this.path);
    await once(this.#server, 'listening');
    this.#server.unref();
  }

  /** Lets the next supervisor know that no session is left here, or that it is not wanted. */
  close(): void {
    this.#server.close();
    this.#socket?.destroy();
  }

  #serve(socket: Socket): void {
    const { sessions } = this.#options;
    const handlers: Handlers = {
      follow: () => sessions.follow(rpc),
      find: (id: string) => sessions.find(id),
      holderOf: (id: string) => sessions.holderOf(id),
      records: () => sessions.records(),
      endSession: (order: SessionOrder) => sessions.endSession(order),
    };
    const rpc: Rpc = new Rpc(socketPort(socket), handlers);
    this.#socket = socket;
    socket.once('close', () => sessions.follow(undefined));
  }
}
