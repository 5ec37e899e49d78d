// A connection to a provider that waits for a session: TCP and TLS are done, the upgrade is not.

import type { Socket } from 'node:net';
import { type ConnectOptions, connect } from './connect.ts';

export interface IdleConnectionOptions extends Omit<ConnectOptions, 'signal'> {
  /** `ws:` or `wss:`; only its origin matters. */
  readonly url: string;
  /** The longest time that it may wait. */
  readonly maxAgeMs: number;
  /** Called once, unless it was taken or dropped. `aged`: it was ready, and waited long enough. `lost`: it is of no use. */
  readonly onEnd: (end: 'aged' | 'lost') => void;
}

export class IdleConnection {
  readonly #options: IdleConnectionOptions;
  readonly #connecting = new AbortController();
  readonly #ageTimer: NodeJS.Timeout;
  #socket: Socket | undefined;
  /** Length of what a proxy answered, where there is one. */
  #bytesReadBefore = 0;

  constructor(options: IdleConnectionOptions) {
    this.#options = options;
    this.#ageTimer = setTimeout(() => this.#end(this.isReady ? 'aged' : 'lost'), options.maxAgeMs).unref();
    connect(new URL(options.url), { ...options, signal: this.#connecting.signal }).then(
      this.#onConnected,
      this.#onLost,
    );
  }

  get isReady(): boolean {
    return this.#socket?.readyState === 'open' && this.#socket.bytesRead === this.#bytesReadBefore;
  }

  /** Removes our listeners and returns the socket of a connection that is ready. */
  take(): Socket | undefined {
    clearTimeout(this.#ageTimer);
    this.#socket?.off('readable', this.#onLost).off('error', this.#onLost).off('close', this.#onLost);
    return this.#socket;
  }

  drop(): void {
    this.#connecting.abort();
    this.take()?.destroy();
  }

  readonly #onConnected = (socket: Socket): void => {
    this.#socket = socket;
    this.#bytesReadBefore = socket.bytesRead;
    // `readable` tells of the first byte, and of the end: after either the connection is of no use.
    socket.on('readable', this.#onLost).on('error', this.#onLost).on('close', this.#onLost);
  };

  readonly #onLost = (): void => {
    if (!this.#connecting.signal.aborted) this.#end('lost');
  };

  #end(end: 'aged' | 'lost'): void {
    this.drop();
    this.#options.onEnd(end);
  }
}
