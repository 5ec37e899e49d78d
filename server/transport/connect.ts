// One connection to a provider, before anything is said on it: TCP, TLS, the rule for private addresses.

import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isPrivateAddress } from '../platform/private-address.ts';
import { dialledIntake } from './socket-reader.ts';

/** A connection failed because its address is private and the provider is not configured with `allowPrivate`. */
export class PrivateAddressError extends Error {}

/** Begins to connect to the origin of a `ws:` or `wss:` URL. It fails with an `error` of the socket, soon or later. */
export function connect(url: URL, allowPrivate: boolean): Socket {
  const secure = url.protocol === 'wss:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (secure ? 443 : 80);
  const { onread, bind } = dialledIntake();
  const target = { host, port, lookup: allowPrivate ? dnsLookup : publicLookup, noDelay: true, onread };
  const tls = { servername: isIP(host) ? '' : host, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] } as const;
  const socket = bind(secure ? connectTls({ ...target, ...tls }) : connectTcp(target));
  // A literal address is never looked up, so it is checked here.
  if (!allowPrivate && isPrivateAddress(host)) socket.destroy(new PrivateAddressError());
  return socket;
}

/** Resolves like `dns.lookup`, and fails when any address of the name is private: the checked addresses are the ones dialled. */
export function publicLookup(
  hostname: string,
  options: LookupOptions,
  callback: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
): void {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    if (addresses.some(({ address }) => isPrivateAddress(address))) return callback(new PrivateAddressError(), []);
    if (options.all) callback(null, addresses);
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
  });
}
