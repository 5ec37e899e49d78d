// Opens HTTP and HTTPS servers with the limits of a handshake: a request that is too slow or too large never arrives.

import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, createServer as createNetServer, Server as NetServer } from 'node:net';
import type { Limits } from '../config/config.ts';
import { http } from '../platform/http.ts';
import { portOwner } from './connection/port-owner.ts';

/** A certificate, with its chain, and its private key: PEM texts. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

const MIN_VERSION = 'TLSv1.2';

/** Makes a server that does not listen yet. */
export function createListener(
  { handshakeMs, maxHeaderBytes }: Pick<Limits, 'handshakeMs' | 'maxHeaderBytes'>,
  tls?: CertificatePair,
): Server {
  const options = {
    headersTimeout: handshakeMs,
    // A body has another `handshakeMs`, which its reader enforces.
    requestTimeout: 2 * handshakeMs,
    connectionsCheckingInterval: Math.min(1000, handshakeMs),
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: 5000,
    noDelay: true,
    // A request without one is refused as others are, with an id and a line in the log.
    requireHostHeader: false,
    // Offers of other protocols, such as h2c, may be ignored (RFC 9110, section 7.8).
    shouldUpgradeCallback: ({ headers }: IncomingMessage) =>
      server.listenerCount('upgrade') > 0 && headers.upgrade?.toLowerCase() === 'websocket',
  };
  const server: Server =
    tls === undefined
      ? http.createServer(options)
      : createTlsServer({
          ...options,
          ...tls,
          minVersion: MIN_VERSION,
          handshakeTimeout: handshakeMs,
        });
  server.maxHeadersCount = 64;
  return server;
}

/** Serves another certificate to new connections; a server without TLS stays as it is. */
export function useCertificate(server: Server, tls: CertificatePair): void {
  if ('setSecureContext' in server) (server as TlsServer).setSecureContext({ ...tls, minVersion: MIN_VERSION });
}

export interface ListenAddress {
  /** Key of the configuration, for the error message. */
  readonly setting: string;
  readonly host: string;
  readonly port: number;
  /** True when other processes listen on the same port (SO_REUSEPORT). */
  readonly isShared?: boolean;
  /** A socket that listens there already, which is used. */
  readonly socket?: unknown;
}

/** Resolves with the port, which the system chooses for 0. Rejects with an error that names the setting. */
export async function openListener(server: Server, address: ListenAddress): Promise<number> {
  const { setting, host, port, isShared = false, socket } = address;
  server.listen(socket ?? { host, port, reusePort: isShared });
  await once(server, 'listening').catch(async (cause: NodeJS.ErrnoException) => {
    const owner = cause.code === 'EADDRINUSE' ? await portOwner(port) : undefined;
    throw new Error(`${setting}: cannot listen on ${host}, port ${port}: ${whyNot(cause, setting, owner)}`, { cause });
  });
  return (server.address() as AddressInfo).port;
}

/** Says in words what keeps a listener from its address, and what would help. */
function whyNot({ code, message }: NodeJS.ErrnoException, setting: string, owner: string | undefined): string {
  const stop = owner === undefined ? 'in use; stop what listens there' : `in use by ${owner}; stop it`;
  const words: Readonly<Record<string, string>> = {
    EADDRINUSE: `the port is ${stop}, or choose another ${setting}`,
    EACCES: `this user may not; choose a ${setting} of 1024 or more, or give the right (CAP_NET_BIND_SERVICE)`,
    EADDRNOTAVAIL: `this machine has no such address; choose another ${setting.replace(/\.\w+$/, '.host')}`,
    ENOTFOUND: `there is no host of this name; choose another ${setting.replace(/\.\w+$/, '.host')}`,
  };
  return words[code ?? ''] ?? code ?? message;
}

/** Tries whether the system lets several processes listen on one port (SO_REUSEPORT): Node has no other way to know. */
export function canReusePort(host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createNetServer();
  server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ENOTSUP'));
  server.listen({ host, port: 0, reusePort: true }, () => server.close(() => resolve(true)));
  return promise;
}

/** Accepts no more connections. Those that are open go on, with their time limits. */
export function stopAccepting(server: Server): void {
  // HTTP's own would stop to watch how long they take.
  NetServer.prototype.close.call(server);
}

/** Closes the server and its plain connections, not upgraded sockets. */
export function closeListener(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
