// Connections of the side path to the outside (LLM gateways, webhooks, collectors), and how their answers are read. Rule: a private address is dialled only where the
// configuration allows it, whatever a name resolves to; redirects are never followed (undici follows none by itself).

import { Agent, buildConnector } from 'undici';
import { isPrivateAddress, PrivateAddressError, publicLookup } from '../private-address.ts';
import { type ProxySettings, proxyFor } from './proxy.ts';
import { openTunnel } from './tunnel.ts';

interface OutboundOptions {
  readonly allowPrivate: boolean;
  /** TCP and TLS together; through a proxy it bounds the tunnel, and TLS once more. */
  readonly connectMs: number;
  /** Open at once to one origin; undefined: as many as are asked for. */
  readonly connections?: number | undefined;
  /** undefined: all are dialled directly. A proxy resolves the names that it is asked for. */
  readonly proxy?: ProxySettings | undefined;
  /** Told of each connection how long it took to open. */
  readonly onConnected?: ((tookMs: number) => void) | undefined;
}

/** A pool of connections; a refused address fails the request with a PrivateAddressError, a proxy with a ProxyError. Close it when done. */
export function publicAgent({
  allowPrivate,
  connectMs,
  connections,
  proxy: settings,
  onConnected,
}: OutboundOptions): Agent {
  const dial = buildConnector({
    timeout: connectMs,
    allowH2: false,
    minVersion: 'TLSv1.2',
    ...(allowPrivate ? {} : { lookup: publicLookup }),
  });
  return new Agent({
    connections: connections ?? null,
    keepAliveTimeout: 30_000,
    connect(options, done) {
      const startedAt = performance.now();
      const callback: typeof done = (...given) => {
        if (given[0] === null) onConnected?.(performance.now() - startedAt);
        done(...given);
      };
      // A literal address is never looked up, so it is checked here.
      if (!allowPrivate && isPrivateAddress(options.hostname)) return callback(new PrivateAddressError(), null);
      const proxy = proxyFor(new URL(`${options.protocol}//${options.host}`), settings);
      if (proxy === undefined) return dial(options, callback);
      const authority = `${options.hostname}:${options.port || (options.protocol === 'https:' ? 443 : 80)}`;
      openTunnel({ proxy, authority, signal: AbortSignal.timeout(connectMs) }).then(
        (socket) =>
          options.protocol === 'https:' ? dial({ ...options, httpSocket: socket }, callback) : callback(null, socket),
        (error: Error) => callback(error, null),
      );
    },
  });
}

/** Reads seconds or a date (RFC 9110, section 10.2.3). */
export function waitOf(retryAfter: string | string[] | undefined): number | undefined {
  if (typeof retryAfter !== 'string') return undefined;
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** Names for the log why a request failed. */
export function faultCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === 'string'
    ? code
    : error.constructor.name === 'DOMException'
      ? error.name
      : error.constructor.name;
}

/** Reads a body to its end; undefined for one of more bytes, of which the rest is not read. Rejects where it breaks off. */
export async function readWithin(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > maxBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
