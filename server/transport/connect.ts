// Opens one connection to a provider: TCP or the tunnel of a proxy, TLS, the rule for private addresses.

import { lookup as dnsLookup } from 'node:dns';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { openTunnel } from '../platform/outbound/tunnel.ts';
import { isPrivateAddress, PrivateAddressError, publicLookup } from '../platform/private-address.ts';
import { ProviderTls } from './provider-tls.ts';

export interface ConnectOptions {
  readonly allowPrivate: boolean;
  /** undefined: the provider is dialled directly. A proxy resolves the provider's name itself. */
  readonly proxy?: URL | undefined;
  /** undefined: nothing is known of connections before this one. */
  readonly tls?: ProviderTls | undefined;
  /** Aborted when the connection is not wanted any more. */
  readonly signal: AbortSignal;
}

/**
 * Connects to the origin of a `ws:` or `wss:` URL. The socket has a listener for errors that does nothing, so that it never is without
 * one. Rejects with the error of the socket, a ProxyError or a PrivateAddressError.
 */
export async function connect(url: URL, options: ConnectOptions): Promise<Socket> {
  const { allowPrivate, proxy, signal, tls = new ProviderTls() } = options;
  const isSecure = url.protocol === 'wss:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (isSecure ? 443 : 80);
  // A literal address is never looked up, so it is checked here.
  if (!allowPrivate && isPrivateAddress(host)) throw new PrivateAddressError();
  const tunnel = proxy && (await openTunnel({ proxy, authority: `${url.hostname}:${port}`, signal }));
  if (tunnel !== undefined && !isSecure) return tunnel.on('error', ignoreError);
  const socket =
    tunnel === undefined
      ? connectDirectly({ host, port, tls: isSecure ? tls : undefined, allowPrivate })
      : tls.connect({ host, port }, { socket: tunnel });
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
  readonly tls: ProviderTls | undefined;
  readonly allowPrivate: boolean;
}

function connectDirectly({ host, port, tls, allowPrivate }: Target): Socket {
  const options = { lookup: allowPrivate ? dnsLookup : publicLookup, noDelay: true };
  return tls?.connect({ host, port }, options) ?? connectTcp({ host, port, ...options });
}

function ignoreError(): void {}
