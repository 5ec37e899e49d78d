// Checks which web pages may talk to a listener. Rule: a page from elsewhere must not use the gateway on someone's own machine.

import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../../adapters/realtime/refusal.ts';
import type { Config } from '../config/config.ts';
import type { Ports } from '../ipc/process-start.ts';
import { type AddressList, plainAddress } from '../platform/address-list.ts';
import { isLoopbackHost, urlHost } from '../platform/private-address.ts';
import { forwardedOrigin } from './request/source.ts';

export interface OriginPolicy {
  /** Exact origins of pages that may connect. A request without `Origin` is not from a page. */
  readonly allowed: ReadonlySet<string>;
  /** True where everyone is let in: `Host` must be a loopback name, since a page could make its own name resolve to this listener. */
  readonly loopbackHostOnly: boolean;
  /** The proxies that may say under which origin their clients see the listener. */
  readonly isProxy?: AddressList;
}

/** The origins under which a listener's own pages are seen. `host` is the address it is bound to. */
export function ownOrigins(scheme: 'http' | 'https', host: string, port: number): string[] {
  const isAny = host === '0.0.0.0' || host === '::';
  const names = isAny || isLoopbackHost(host) ? ['localhost', '127.0.0.1', '[::1]'] : [urlHost(host)];
  // `origin` leaves out the default port of the scheme, as browsers do.
  return names.map((name) => new URL(`${scheme}://${name}:${port}`).origin);
}

/** The origins of pages that may use the listeners of this configuration, on the ports that they have. */
export function listenerOrigins(
  { host, origins }: Pick<Config['listen'], 'host' | 'origins'>,
  { port, tlsPort }: Ports,
): ReadonlySet<string> {
  const secure = tlsPort === undefined ? [] : ownOrigins('https', host, tlsPort);
  return new Set([...ownOrigins('http', host, port), ...secure, ...origins]);
}

export function checkOrigin(request: IncomingMessage, rule: OriginPolicy): Refusal | undefined {
  return checkPage(request, rule) ?? checkHost(request, rule);
}

/** Checks the page that a request comes from. */
export function checkPage(
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  rule: OriginPolicy,
): Refusal | undefined {
  const { origin } = headers;
  if (origin !== undefined && !rule.allowed.has(origin) && !isOfProxy(origin, { headers, socket }, rule)) {
    const message = 'this origin is not allowed; expected one of the gateway itself or of listen.origins';
    return { status: 403, code: 'origin_not_allowed', message };
  }
  return undefined;
}

/** Checks the name that a client knows the listener by. */
export function checkHost(
  { headers: { host } }: Pick<IncomingMessage, 'headers'>,
  rule: Pick<OriginPolicy, 'loopbackHostOnly'>,
): Refusal | undefined {
  if (rule.loopbackHostOnly && !isLoopbackHost(hostName(host ?? ''))) {
    const message = 'this listener lets everyone in, and so answers only to a loopback name, such as localhost';
    return { status: 403, code: 'host_not_allowed', message };
  }
  return undefined;
}

/** Tells whether a page comes from the very origin that a trusted proxy serves. Without keys any name could be that of the proxy. */
function isOfProxy(
  origin: string,
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  { isProxy, loopbackHostOnly }: OriginPolicy,
): boolean {
  if (loopbackHostOnly || isProxy === undefined || !isProxy(plainAddress(socket?.remoteAddress ?? ''))) return false;
  return forwardedOrigin(headers) === origin;
}

/** The origin by which a client reaches the listener, such as `https://gateway.example.com`. */
export function askedOrigin(
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  { isProxy }: Pick<OriginPolicy, 'isProxy'>,
): string | undefined {
  const isForwarded = isProxy?.(plainAddress(socket.remoteAddress ?? '')) === true;
  const own = `${'encrypted' in socket ? 'https' : 'http'}://${headers.host}`;
  return (isForwarded ? forwardedOrigin(headers) : undefined) ?? (URL.canParse(own) ? new URL(own).origin : undefined);
}

/** RFC 9110, section 7.2: `name:port`, `[v6]:port` or either without a port. */
function hostName(host: string): string {
  return /^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(host)?.[1] ?? '';
}
