// Connections to providers that are opened before a session needs them.
// Rule: a connection that is lost while it waits is no error; it is dropped, and the next session dials.

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ConnectionOrigin } from '../platform/metrics.ts';
import { IdleConnection, type IdleConnectionOptions } from './idle-connection.ts';

/** Sessions of one origin have the same `proxy`. */
export interface PoolTarget extends Omit<IdleConnectionOptions, 'onEnd'> {
  /** The most that are held open for the origin. */
  readonly connections: number;
}

/** Time after its last session during which an origin still gets connections. */
const LINGER_MS = 600_000;
/** The pause after a connection was lost, or of no use, doubles until another serves a session or reaches its age. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

export class ConnectionPool {
  readonly #origins = new Map<string, OriginPool>();
  #isClosed = false;

  /** Returns a connection on which nothing was sent yet, without a listener; undefined when none is ready. */
  take(target: PoolTarget): Socket | undefined {
    return this.#origins.get(keyOf(target))?.take();
  }

  /** Tells that a session was opened there, and how: for some time connections are held ready for the next ones. */
  used(target: PoolTarget, connection: ConnectionOrigin): void {
    if (this.#isClosed) return;
    const key = keyOf(target);
    const pool = this.#origins.get(key) ?? new OriginPool(target);
    this.#origins.set(key, pool);
    pool.used(target, connection);
  }

  /** Drops the connections that wait; nothing is opened from now on. */
  close(): void {
    this.#isClosed = true;
    this.forget();
  }

  /** Drops the connections that wait; others are opened where sessions are from now on. */
  forget(): void {
    for (const pool of this.#origins.values()) pool.close();
    this.#origins.clear();
  }
}

/** The connections of one origin. */
class OriginPool {
  /** The oldest first. */
  readonly #idle = new Set<IdleConnection>();
  #target: PoolTarget;
  #usedAtMs = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #pause: NodeJS.Timeout | undefined;

  constructor(target: PoolTarget) {
    this.#target = target;
  }

  take(): Socket | undefined {
    // The provider is the least likely to be about to close the youngest.
    const youngest = [...this.#idle].findLast((connection) => connection.isReady);
    if (youngest === undefined) return undefined;
    this.#idle.delete(youngest);
    return youngest.take();
  }

  used(target: PoolTarget, connection: ConnectionOrigin): void {
    this.#target = target;
    this.#usedAtMs = performance.now();
    if (connection === 'warm') this.#pauseMs = FIRST_PAUSE_MS;
    if (connection === 'stale') this.#holdOff();
    this.#fill();
  }

  close(): void {
    clearTimeout(this.#pause);
    for (const connection of this.#idle) connection.drop();
  }

  #fill(): void {
    const isUsed = performance.now() - this.#usedAtMs < LINGER_MS;
    if (!isUsed || this.#pause !== undefined) return;
    while (this.#idle.size < this.#target.connections) this.#open();
  }

  #open(): void {
    const onEnd = (end: 'aged' | 'lost'): void => {
      this.#idle.delete(connection);
      if (end === 'lost') this.#holdOff();
      else this.#pauseMs = FIRST_PAUSE_MS;
      this.#fill();
    };
    const connection = new IdleConnection({ ...this.#target, onEnd });
    this.#idle.add(connection);
  }

  #holdOff(): void {
    if (this.#pause !== undefined) return;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#fill();
    }, this.#pauseMs).unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/** The origin of a URL as `URL` writes it. */
const ORIGIN = /^wss?:\/\/[^/?#]+/;

/** Keeps connections that may go to a private address apart from those that may not. */
function keyOf({ url, allowPrivate }: PoolTarget): string {
  return `${ORIGIN.exec(url)?.[0]} ${allowPrivate}`;
}
