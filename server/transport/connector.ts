// Reaches a provider on a connection that was opened ahead, where one is ready, else by dialling.
// Rule: a client never notices that the connection that was ready had gone stale.

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Preconnect } from '../config/config.ts';
import type { ConnectionOrigin, Metrics } from '../platform/metrics.ts';
import { ConnectionPool } from './connection-pool.ts';
import { type DialOptions, type DialOutcome, dial } from './dial.ts';
import { ProviderTls } from './provider-tls.ts';

interface ConnectorOptions extends Omit<DialOptions, 'tls'> {
  /** undefined: nothing is opened ahead for this provider. */
  readonly preconnect: Preconnect | undefined;
  /** Name of the provider, for the metrics. */
  readonly provider: string;
}

/** An outcome, with how the provider was reached and after how many ms it answered. */
export type ConnectOutcome = DialOutcome & { readonly connection: ConnectionOrigin; readonly ms: number };

export class Connector {
  readonly #metrics: Pick<Metrics, 'dialled'>;
  readonly #pool = new ConnectionPool();
  readonly #tls = new ProviderTls();

  constructor(metrics: Pick<Metrics, 'dialled'>) {
    this.#metrics = metrics;
  }

  /** Dials like `dial()`, within the same deadline. The next connections are opened once a session is open and its client knows. */
  async dial(wanted: ConnectorOptions): Promise<ConnectOutcome> {
    const { preconnect, provider, upstream, allowPrivate, proxy } = wanted;
    const options = { ...wanted, tls: this.#tls };
    const target = preconnect && { url: upstream.url, allowPrivate, proxy, tls: this.#tls, ...preconnect };
    const startedAt = performance.now();
    const { outcome, origin } = await dialOn(target && this.#pool.take(target), options);
    const ms = performance.now() - startedAt;
    // Only after the caller has answered its client: a connect costs as much as that answer.
    setImmediate(() => {
      this.#metrics.dialled(origin, { provider, outcome: outcome.kind, ms });
      if (target && outcome.kind === 'open') this.#pool.used(target, origin);
    });
    return { ...outcome, connection: origin, ms };
  }

  /** Closes the connections that wait; others are opened ahead where sessions are from now on. */
  forget(): void {
    this.#pool.forget();
  }

  /** Closes the connections that wait; nothing is opened ahead from now on. */
  close(): void {
    this.#pool.close();
  }
}

interface Dialled {
  readonly outcome: DialOutcome;
  readonly origin: ConnectionOrigin;
}

/** Dials on the connection, and anew when that was stale. */
async function dialOn(connection: Socket | undefined, options: DialOptions): Promise<Dialled> {
  const startedAt = performance.now();
  const bytesReadBefore = connection?.bytesRead;
  const outcome = await dial(options, { connection });
  if (connection === undefined) return { outcome, origin: 'cold' };
  if (options.signal.aborted || !isStale(outcome, connection.bytesRead === bytesReadBefore))
    return { outcome, origin: 'warm' };
  return { outcome: await dial(options, { spentMs: performance.now() - startedAt }), origin: 'stale' };
}

/** RFC 9112, section 9.3.1: a GET may be sent again when its connection was closed before any of the answer came. */
function isStale(outcome: DialOutcome, isUnanswered: boolean): boolean {
  return outcome.kind === 'failed' && outcome.refusal.code === 'upstream_unreachable' && isUnanswered;
}
