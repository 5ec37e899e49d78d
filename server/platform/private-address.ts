// Addresses of this machine and of private networks: tells them from public ones, and resolves names to public ones only.

import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { addressList } from './address-list.ts';

const loopback = addressList(['127.0.0.0/8', '::1/128']);

/** The special-purpose ranges of RFC 6890 and its registries that no public provider can have. Those of IPv4 hold inside IPv6 too. */
const internal = addressList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  // Tunnels and documentation.
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
]);

/** The public IPv6 space, which is the only one that is handed out, and IPv4 addresses inside IPv6. */
const globalIpv6 = addressList(['2000::/3', '::ffff:0:0/96']);

/** Returns an address as a URL has it: IPv6 in brackets. */
export function urlHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Takes the brackets off an IPv6 literal of a URL, and a zone off a link-local one. */
function bare(host: string): string {
  const inner = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return inner.split('%')[0] ?? inner;
}

/** Tells whether a name or literal never leaves this machine: `localhost`, names under it, 127.0.0.0/8, ::1. */
export function isLoopbackHost(host: string): boolean {
  const name = bare(host).toLowerCase().replace(/\.$/, '');
  if (isIP(name) === 0) return name === 'localhost' || name.endsWith('.localhost');
  return loopback(name);
}

/** Tells whether a literal is outside the public internet (loopback, private, link-local, metadata, multicast, tunnels). */
export function isPrivateAddress(literal: string): boolean {
  const address = bare(literal);
  return internal(address) || (isIP(address) === 6 && !globalIpv6(address));
}

/** The error of a connection whose address is private where `allowPrivate` is not configured. */
export class PrivateAddressError extends Error {}

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
