// Opens one connection to a provider: TCP or the tunnel of a proxy, TLS, the rule for private addresses.

import { lookup as dnsLookup } from 'node:dns';
import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { isPrivateAddress, PrivateAddressError, publicLookup } from '../platform/private-address.ts';
import { openTunnel } from '../platform/tunnel.ts';
import { readerForDial } from './socket-reader.ts';

export interface ConnectOptions {
  readonly allowPrivate: boolean;
  /** undefined: the provider is dialled directly. A proxy resolves the provider's name itself. */
  readonly proxy?: URL | undefined;
  /** Aborted when the connection is not wanted any more. */
  readonly signal: AbortSignal;
}

/**
 * Connects to the origin of a `ws:` or `wss:` URL. The socket has a listener for errors that does nothing, so that it never is without
 * one. Rejects with the error of the socket, a ProxyError or a PrivateAddressError.
 */
export async function connect(url: URL, options: ConnectOptions): Promise<Socket> {
  const { allowPrivate, proxy, signal } = options;
  const isSecure = url.protocol === 'wss:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (isSecure ? 443 : 80);
  // A literal address is never looked up, so it is checked here.
  if (!allowPrivate && isPrivateAddress(host)) throw new PrivateAddressError();
  const tunnel = proxy && (await openTunnel({ proxy, authority: `${url.hostname}:${port}`, signal }));
  if (tunnel !== undefined && !isSecure) return tunnel.on('error', ignoreError);
  const socket =
    tunnel === undefined
      ? connectDirectly({ host, port, isSecure, allowPrivate })
      : connectTls({ ...tlsOptions(host), socket: tunnel });
  socket.on('error', ignoreError);
  try {
    await once(socket, isSecure ? 'secureConnect' : 'connect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly allowPrivate: boolean;
}

function connectDirectly({ host, port, isSecure, allowPrivate }: Target): Socket {
  const { onread, bind } = readerForDial();
  const target = { host, port, lookup: allowPrivate ? dnsLookup : publicLookup, noDelay: true, onread };
  return bind(isSecure ? connectTls({ ...target, ...tlsOptions(host) }) : connectTcp(target));
}

function tlsOptions(host: string): ConnectionOptions {
  return { servername: isIP(host) ? '' : host, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] };
}

function ignoreError(): void {}
