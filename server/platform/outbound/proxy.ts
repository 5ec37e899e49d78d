// Chooses the HTTP proxy for a connection to the outside, by HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as curl and Go read them.
// Rule: what this product hosts itself, the rehearsal, is never asked for through a proxy.

import { addressList, isSubnet } from '../address-list.ts';

/** Plain data, as it crosses between processes. A proxy is an http: or https: URL, which may hold a user and a password. */
export interface ProxySettings {
  /** For https: and wss: URLs. */
  readonly https: string | undefined;
  /** For http: and ws: URLs. */
  readonly http: string | undefined;
  /** Hosts that are dialled without a proxy. */
  readonly except: readonly string[];
}

/** Returns the proxy for a URL; undefined: it is dialled directly. */
export function proxyFor(url: URL, settings: ProxySettings | undefined): URL | undefined {
  if (settings === undefined) return undefined;
  const isSecure = url.protocol === 'https:' || url.protocol === 'wss:';
  const proxy = isSecure ? settings.https : settings.http;
  if (proxy === undefined) return undefined;
  const host = url.hostname.replace(/^\[|\]$|\.$/g, '');
  const port = url.port || (isSecure ? '443' : '80');
  return settings.except.some((entry) => isExcepted({ host, port }, entry.toLowerCase())) ? undefined : new URL(proxy);
}

interface Endpoint {
  /** IPv6 without brackets. */
  readonly host: string;
  readonly port: string;
}

/** An entry is `*`, a subnet, an address, a name (with its subdomains), or `.name` or `*.name` (its subdomains); a port may follow the last two. */
function isExcepted({ host, port }: Endpoint, entry: string): boolean {
  if (entry === '*' || entry === host) return true;
  if (entry.includes('/')) return isSubnet(entry) && addressList([entry])(host);
  const [, named = '', entryPort = port] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  const name = named.replace(/^\[|\]$|\.$/g, '');
  const suffix = name.replace(/^\*?\./, '');
  return entryPort === port && suffix !== '' && (host === name || host.endsWith(`.${suffix}`));
}
