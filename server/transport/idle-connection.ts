// A connection to a provider that waits for a session: TCP and TLS are done, the upgrade is not.

import type { Socket } from 'node:net';
import { connect } from './connect.ts';

interface IdleConnectionOptions {
  /** `ws:` or `wss:`; only its origin matters. */
  readonly url: string;
  readonly allowPrivate: boolean;
  /** The longest time that it may wait. */
  readonly maxAgeMs: number;
  /** Called once, unless it was taken or dropped. `aged`: it was ready, and waited long enough. `lost`: it is of no use. */
  readonly onEnd: (end: 'aged' | 'lost') => void;
}

export class IdleConnection {
  readonly #options: IdleConnectionOptions;
  readonly #socket: Socket;
  readonly #ageTimer: NodeJS.Timeout;
  #isConnected = false;

  constructor(options: IdleConnectionOptions) {
    this.#options = options;
    this.#socket = connect(new URL(options.url), options.allowPrivate);
    this.#ageTimer = setTimeout(() => this.#end(this.#isConnected ? 'aged' : 'lost'), options.maxAgeMs).unref();
    this.#socket.once(this.#connectedEvent, this.#onConnected);
    // `readable` tells of the first byte, and of the end: after either the connection is of no use.
    this.#socket.on('readable', this.#onLost);
    this.#socket.on('error', this.#onLost);
    this.#socket.on('close', this.#onLost);
  }

  get isReady(): boolean {
    return this.#isConnected && this.#socket.readyState === 'open' && this.#socket.bytesRead === 0;
  }

  /** Removes our listeners and returns the socket. */
  take(): Socket {
    clearTimeout(this.#ageTimer);
    this.#socket.off(this.#connectedEvent, this.#onConnected);
    this.#socket.off('readable', this.#onLost);
    this.#socket.off('error', this.#onLost);
    this.#socket.off('close', this.#onLost);
    return this.#socket;
  }

  drop(): void {
    this.take().on('error', ignoreError).destroy();
  }

  get #connectedEvent(): string {
    return this.#options.url.startsWith('wss:') ? 'secureConnect' : 'connect';
  }

  readonly #onConnected = (): void => {
    this.#isConnected = true;
  };

  readonly #onLost = (): void => this.#end('lost');

  #end(end: 'aged' | 'lost'): void {
    this.drop();
    this.#options.onEnd(end);
  }
}

function ignoreError(): void {}
