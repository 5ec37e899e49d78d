// Connections to providers that are opened before a session needs them: TCP and TLS are done, the upgrade is not.
// Rule: nothing that happens to one that waits is an error; it is dropped, and the next session dials.

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ConnectionOrigin } from '../platform/metrics.ts';
import { connect } from './connect.ts';

export interface PoolTarget {
  /** `ws:` or `wss:`; only its origin matters. */
  readonly url: string;
  readonly allowPrivate: boolean;
  /** The most that are held open for the origin. */
  readonly connections: number;
  /** How long one may wait. */
  readonly maxAgeMs: number;
}

export interface ConnectionPool {
  /** A connection on which nothing was said yet, without a listener; undefined when none is ready. */
  take(target: PoolTarget): Socket | undefined;
  /** A session was opened there, and how: for some time connections are held ready for the next ones. */
  used(target: PoolTarget, reached: ConnectionOrigin): void;
  /** Drops what waits; nothing is opened from now on. */
  close(): void;
}

/** How long after its last session an origin still gets connections. */
const LINGER_MS = 600_000;
/** The pause after a connection was lost, or of no use, doubles until another serves a session or reaches its age. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** The connections of one origin, oldest first. */
interface Pool {
  target: PoolTarget;
  usedAtMs: number;
  readonly waiting: Set<Waiting>;
  pauseMs: number;
  pause: NodeJS.Timeout | undefined;
}

export function createConnectionPool(): ConnectionPool {
  const pools = new Map<string, Pool>();
  let isClosed = false;

  function fill(pool: Pool): void {
    const isUsed = performance.now() - pool.usedAtMs < LINGER_MS;
    if (!isUsed || pool.pause !== undefined) return;
    while (pool.waiting.size < pool.target.connections) add(pool);
  }

  function add(pool: Pool): void {
    const waiting = openAhead(pool.target, (end) => {
      pool.waiting.delete(waiting);
      if (end === 'lost') holdOff(pool);
      else pool.pauseMs = FIRST_PAUSE_MS;
      fill(pool);
    });
    pool.waiting.add(waiting);
  }

  function holdOff(pool: Pool): void {
    if (pool.pause !== undefined) return;
    pool.pause = setTimeout(() => {
      pool.pause = undefined;
      fill(pool);
    }, pool.pauseMs).unref();
    pool.pauseMs = Math.min(pool.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  return {
    take(target) {
      const pool = pools.get(keyOf(target));
      if (pool === undefined) return undefined;
      // The provider is the least likely to be about to close the youngest.
      const ready = [...pool.waiting].findLast((waiting) => waiting.isReady());
      if (ready === undefined) return undefined;
      pool.waiting.delete(ready);
      return ready.take();
    },
    used(target, reached) {
      if (isClosed) return;
      const known = pools.get(keyOf(target));
      const pool = known ?? { target, usedAtMs: 0, waiting: new Set(), pauseMs: FIRST_PAUSE_MS, pause: undefined };
      pool.target = target;
      pool.usedAtMs = performance.now();
      pools.set(keyOf(target), pool);
      if (reached === 'warm') pool.pauseMs = FIRST_PAUSE_MS;
      if (reached === 'stale') holdOff(pool);
      fill(pool);
    },
    close() {
      isClosed = true;
      for (const { waiting, pause } of pools.values()) {
        clearTimeout(pause);
        for (const one of waiting) one.drop();
      }
      pools.clear();
    },
  };
}

/** Of a URL as `URL` writes it. */
const ORIGIN = /^wss?:\/\/[^/?#]+/;

/** What may go to a private address is never used for what may not. */
function keyOf({ url, allowPrivate }: PoolTarget): string {
  return `${ORIGIN.exec(url)?.[0]} ${allowPrivate}`;
}

/** A connection on its way, or ready. */
interface Waiting {
  isReady(): boolean;
  /** The socket as if nobody had watched it. */
  take(): Socket;
  drop(): void;
}

/** `aged`: it was ready, and waited long enough. `lost`: it never came up, was closed by the provider, or spoken on. */
function openAhead({ url, allowPrivate, maxAgeMs }: PoolTarget, onEnd: (end: 'aged' | 'lost') => void): Waiting {
  const socket = connect(new URL(url), allowPrivate);
  const connected = url.startsWith('wss:') ? 'secureConnect' : 'connect';
  let isConnected = false;
  const onConnected = (): void => {
    isConnected = true;
  };
  const onLost = (): void => {
    drop();
    onEnd('lost');
  };
  const age = setTimeout(() => {
    drop();
    onEnd(isConnected ? 'aged' : 'lost');
  }, maxAgeMs).unref();
  socket.once(connected, onConnected);
  // Told of the first byte, and of the end: after either of them it is of no use.
  socket.on('readable', onLost);
  socket.on('error', onLost);
  socket.on('close', onLost);

  function take(): Socket {
    clearTimeout(age);
    socket.off(connected, onConnected);
    socket.off('readable', onLost);
    socket.off('error', onLost);
    socket.off('close', onLost);
    return socket;
  }

  function drop(): void {
    take().on('error', ignoreError).destroy();
  }

  return {
    isReady: () => isConnected && socket.readyState === 'open' && socket.bytesRead === 0,
    take,
    drop,
  };
}

function ignoreError(): void {}
