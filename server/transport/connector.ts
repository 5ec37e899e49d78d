// Reaches a provider on a connection that was opened ahead, where one is ready, else by dialling.
// Rule: a client never notices that the one that was ready had gone stale.

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Preconnect } from '../config/config.ts';
import type { Metrics } from '../platform/metrics.ts';
import { createConnectionPool } from './connection-pool.ts';
import { type DialOptions, type DialOutcome, dial } from './dial.ts';

export interface ConnectOptions extends DialOptions {
  /** undefined: nothing is opened ahead for this provider. */
  readonly preconnect: Preconnect | undefined;
}

export interface Connector {
  /** Like `dial()`, within the same deadline; once a session is open and its client was told, the next connections are opened. */
  dial(options: ConnectOptions): Promise<DialOutcome>;
  /** What waits is closed, and nothing is opened ahead from now on. */
  close(): void;
}

export function createConnector(metrics: Pick<Metrics, 'dialled'>): Connector {
  const connections = createConnectionPool();
  return {
    async dial({ preconnect, ...options }) {
      const target = preconnect && { url: options.upstream.url, allowPrivate: options.allowPrivate, ...preconnect };
      const { dialled, reached } = await dialOn(target && connections.take(target), options);
      metrics.dialled(reached);
      // Not before the caller has made use of this one: a connect costs it as much as its answer does.
      if (target && dialled.kind === 'open') setImmediate(() => connections.used(target, reached));
      return dialled;
    },
    close: () => connections.close(),
  };
}

/** Dials on the connection, and anew when that was stale. */
async function dialOn(connection: Socket | undefined, options: DialOptions) {
  const startedAt = performance.now();
  const dialled = await dial({ ...options, connection });
  if (connection === undefined) return { dialled, reached: 'cold' as const };
  if (options.signal.aborted || !isStale(connection, dialled)) return { dialled, reached: 'warm' as const };
  return { dialled: await dial({ ...options, spentMs: performance.now() - startedAt }), reached: 'stale' as const };
}

/** RFC 9112, section 9.3.1: a GET may be sent again when its connection was closed before any of the answer came. */
function isStale(connection: Socket, dialled: DialOutcome): boolean {
  return dialled.kind === 'failed' && dialled.refusal.code === 'upstream_unreachable' && connection.bytesRead === 0;
}
