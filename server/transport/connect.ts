// Opens one connection to a provider: TCP, TLS, the rule for private addresses.

import { lookup as dnsLookup } from 'node:dns';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isPrivateAddress, PrivateAddressError, publicLookup } from '../platform/private-address.ts';
import { readerForDial } from './socket-reader.ts';

/** Begins to connect to the origin of a `ws:` or `wss:` URL. A failure is an `error` of the socket, also for a private address. */
export function connect(url: URL, allowPrivate: boolean): Socket {
  const secure = url.protocol === 'wss:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (secure ? 443 : 80);
  const { onread, bind } = readerForDial();
  const target = { host, port, lookup: allowPrivate ? dnsLookup : publicLookup, noDelay: true, onread };
  const tls = { servername: isIP(host) ? '' : host, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] } as const;
  const socket = bind(secure ? connectTls({ ...target, ...tls }) : connectTcp(target));
  // A literal address is never looked up, so it is checked here.
  if (!allowPrivate && isPrivateAddress(host)) socket.destroy(new PrivateAddressError());
  return socket;
}
