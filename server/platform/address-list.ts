// Lists of addresses and subnets, and the plain form of an address.

import { BlockList, isIP } from 'node:net';

/** Tells whether an address is in the list; a text that is no address is in none. */
export type AddressList = (address: string) => boolean;

/** `entries`: addresses, or subnets as `10.0.0.0/8`. */
export function addressList(entries: readonly string[]): AddressList {
  const list = new BlockList();
  for (const entry of entries) {
    const [net = '', bits] = entry.split('/');
    list.addSubnet(net, Number(bits ?? widthOf(net)), familyOf(net));
  }
  return (address) => isIP(address) !== 0 && list.check(address, familyOf(address));
}

/** Tells whether a text is an address, or an address with the length of a prefix. */
export function isSubnet(entry: string): boolean {
  const [net = '', bits, ...rest] = entry.split('/');
  if (isIP(net) === 0 || net.includes('%') || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= widthOf(net));
}

/** Returns an address without its zone; an IPv4 address inside IPv6, as a socket of both kinds has it, is IPv4. */
export function plainAddress(address: string): string {
  const [inner = ''] = address.split('%');
  const inside = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(inner)?.[1];
  return inside ?? inner;
}

const widthOf = (net: string): number => (isIP(net) === 6 ? 128 : 32);
const familyOf = (net: string): 'ipv4' | 'ipv6' => (isIP(net) === 6 ? 'ipv6' : 'ipv4');
