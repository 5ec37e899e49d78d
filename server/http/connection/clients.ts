// Knows whose connections they are: the address at the other end, or that of the client behind a proxy which passes TCP on.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type AddressList, plainAddress } from '../../platform/address-list.ts';
import { type RequestSource, sourceOf } from '../request/source.ts';
import { endsOf } from './connection-limit.ts';

export class Clients {
  readonly #isProxy: AddressList;
  /** Addresses of clients behind the PROXY protocol, by the ends of their connections. */
  readonly #behindProxy = new Map<string, string>();

  constructor(isProxy: AddressList) {
    this.#isProxy = isProxy;
  }

  /** Keeps the address that a proxy has said until the connection is closed. */
  add(socket: Socket, address: string): void {
    const ends = endsOf(socket);
    this.#behindProxy.set(ends, address);
    socket.once('close', () => this.#behindProxy.delete(ends));
  }

  /** The address that a proxy has said; undefined where none did. */
  saidOf(socket: Socket): string | undefined {
    return this.#behindProxy.size === 0 ? undefined : this.#behindProxy.get(endsOf(socket));
  }

  addressOf(socket: Socket): string {
    return this.saidOf(socket) ?? plainAddress(socket.remoteAddress ?? '');
  }

  sourceOf(request: IncomingMessage): RequestSource {
    return sourceOf(request, this.addressOf(request.socket), this.#isProxy);
  }
}
