// The supervisor whose place this one takes, for as long as sessions are left there.

import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { Rpc } from '../../ipc/channel/rpc.ts';
import { socketPort } from '../../ipc/channel/socket-port.ts';
import type { SessionRecord } from '../../ipc/session-record.ts';
import type { Reservation, ReserveResult } from '../../ipc/session-reservation.ts';

/** Keeps the sessions of it beside those of this supervisor. */
interface Follower {
  reserve(reservation: Reservation): Promise<ReserveResult>;
  release(id: string): unknown;
  ended(record: SessionRecord): unknown;
}

export class Predecessor {
  readonly #socket: Socket;
  #rpc: Rpc | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.once('close', () => {
      this.#rpc = undefined;
    });
  }

  /** Resolves when it is reached. `path`: of its socket. */
  static async reach(path: string): Promise<Predecessor> {
    const socket = createConnection(path);
    await once(socket, 'connect');
    return new Predecessor(socket);
  }

  /** The calls to it; undefined once it is gone. */
  get rpc(): Rpc | undefined {
    return this.#rpc;
  }

  get isGone(): boolean {
    return this.#socket.destroyed;
  }

  /** Resolves when it has no session any more, or is gone. */
  async gone(): Promise<void> {
    if (!this.#socket.destroyed) await once(this.#socket, 'close');
  }

  /** Resolves when the follower knows its sessions. From now on it asks for each that it still opens, and tells of each that ends. */
  follow(follower: Follower): Promise<void> {
    this.#rpc = new Rpc(socketPort(this.#socket), {
      reserve: (reservation: Reservation) => follower.reserve(reservation),
      release: (id: string) => follower.release(id),
      ended: (record: SessionRecord) => follower.ended(record),
    });
    return this.#rpc.call('follow');
  }
}
