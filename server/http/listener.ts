// A listening HTTP or HTTPS server, with the limits of a handshake: what is too slow or too large never becomes a request.

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import type { Limits } from '../config/config.ts';

/** `tls`: PEM files. */
export function createListener(
  { handshakeMs, maxHeaderBytes }: Pick<Limits, 'handshakeMs' | 'maxHeaderBytes'>,
  tls?: { readonly cert: string; readonly key: string },
): Server {
  const options = {
    headersTimeout: handshakeMs,
    // Who reads a body gives it `handshakeMs` of its own.
    requestTimeout: 2 * handshakeMs,
    connectionsCheckingInterval: Math.min(1000, handshakeMs),
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: 5000,
    noDelay: true,
    // An offer of something else (h2c, say) may be ignored (RFC 9110, section 7.8).
    shouldUpgradeCallback: ({ headers }: IncomingMessage) =>
      server.listenerCount('upgrade') > 0 && headers.upgrade?.toLowerCase() === 'websocket',
  };
  const server: Server =
    tls === undefined
      ? createServer(options)
      : createTlsServer({
          ...options,
          cert: readFileSync(tls.cert),
          key: readFileSync(tls.key),
          minVersion: 'TLSv1.2',
          handshakeTimeout: handshakeMs,
        });
  server.maxHeadersCount = 64;
  return server;
}

export interface ListenAddress {
  /** Where the configuration says it, for whoever reads that it cannot be had. */
  readonly setting: string;
  readonly host: string;
  readonly port: number;
  /** Other processes listen on it too, each for itself. */
  readonly isShared: boolean;
}

/** Resolves with the port, which the system chooses for 0. Rejects with what is wrong with the setting. */
export async function openListener(server: Server, address: ListenAddress): Promise<number> {
  const { setting, host, port, isShared } = address;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port, reusePort: isShared }, resolve);
  await promise.catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'EADDRINUSE' ? 'the port is in use' : (cause.code ?? cause.message);
    throw new Error(`${setting}: cannot listen on ${host}, port ${port}: ${why}`, { cause });
  });
  server.off('error', reject);
  return (server.address() as AddressInfo).port;
}

/** Whether the system lets several processes listen on one port (SO_REUSEPORT). Node knows only by trying. */
export function canReusePort(host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createNetServer();
  server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ENOTSUP'));
  server.listen({ host, port: 0, reusePort: true }, () => server.close(() => resolve(true)));
  return promise;
}

/** Upgraded sockets are not its business any more. */
export function closeListener(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
