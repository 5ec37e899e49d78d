// Addresses of this machine and of private networks: tells them from public ones, and resolves names to public ones only.

import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** The special-purpose ranges of RFC 6890 and its registries that no public provider can have. */
const internal = new BlockList();
const ipv4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];
for (const [net, bits] of ipv4) internal.addSubnet(net, bits, 'ipv4');
/** The public IPv6 space: the only one that is handed out, without its tunnels and documentation. */
const globalIpv6 = new BlockList();
globalIpv6.addSubnet('2000::', 3, 'ipv6');
const tunnelled = new BlockList();
const ipv6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];
for (const [net, bits] of ipv6) tunnelled.addSubnet(net, bits, 'ipv6');

/** Returns an address as a URL has it: IPv6 in brackets. */
export function urlHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Takes the brackets off an IPv6 literal of a URL, and a zone off a link-local one. */
function bare(host: string): string {
  const inner = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return inner.split('%')[0] ?? inner;
}

/** Returns the IPv4 address inside an IPv6 one (`::ffff:10.0.0.1` in any spelling); undefined when there is none. */
function mappedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const groups = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(new URL(`ws://[${address}]`).hostname);
  if (!groups?.[1] || !groups[2]) return undefined;
  const [high, low] = [Number.parseInt(groups[1], 16), Number.parseInt(groups[2], 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** Tells whether a name or literal never leaves this machine: `localhost`, names under it, 127.0.0.0/8, ::1. */
export function isLoopbackHost(host: string): boolean {
  const name = bare(host).toLowerCase().replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  const family = isIP(name);
  if (family === 4) return name.startsWith('127.');
  // An IPv4 address inside an IPv6 one is checked as IPv4.
  return family === 6 && loopback.check(name, 'ipv6');
}

/** Tells whether a literal is outside the public internet (loopback, private, link-local, metadata, multicast, tunnels). */
export function isPrivateAddress(literal: string): boolean {
  const address = mappedIpv4(bare(literal)) ?? bare(literal);
  if (isIP(address) === 4) return internal.check(address, 'ipv4');
  if (isIP(address) !== 6) return false;
  return !globalIpv6.check(address, 'ipv6') || tunnelled.check(address, 'ipv6');
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
