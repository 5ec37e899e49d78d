// Addresses of this machine and of private networks, in every spelling that could hide one.

import { describe, expect, test } from 'vitest';
import { isLoopbackHost, isPrivateAddress } from '../../../server/platform/private-address.ts';

describe('isLoopbackHost', () => {
  test.each(['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', '127.0.0.1', '127.255.0.3', '::1', '[::1]'])(
    'knows %s',
    (host) => expect(isLoopbackHost(host)).toBe(true),
  );
  test.each(['::ffff:127.0.0.1', '[::ffff:7f00:1]', '0:0:0:0:0:0:0:1'])('knows %s, another spelling', (host) =>
    expect(isLoopbackHost(host)).toBe(true),
  );
  test.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    'localhost.example.com',
    'notlocalhost',
    '127.0.0.1.nip.io',
    '',
    '128.0.0.1',
  ])('does not take "%s" for one', (host) => expect(isLoopbackHost(host)).toBe(false));
});

describe('isPrivateAddress', () => {
  test.each([
    ['loopback', '127.0.0.1'],
    ['unspecified', '0.0.0.0'],
    ['private', '10.1.2.3'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['metadata service', '169.254.169.254'],
    ['benchmarking', '198.18.0.1'],
    ['multicast', '224.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['loopback', '::1'],
    ['unspecified', '::'],
    ['mapped', '::ffff:10.0.0.1'],
    ['mapped, in hexadecimal', '::ffff:a9fe:a9fe'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['unique local', 'fd00::1'],
    ['NAT64', '64:ff9b::a00:1'],
    ['6to4 around a private address', '2002:a00:1::'],
    ['documentation', '2001:db8::1'],
    ['multicast', 'ff02::1'],
    ['in brackets', '[fd00::1]'],
  ])('tells that an address is private, %s: %s', (_, address) => expect(isPrivateAddress(address)).toBe(true));

  test.each([
    '1.1.1.1',
    '172.32.0.1',
    '100.128.0.1',
    '198.20.0.1',
    '2606:4700::1111',
    '[2a00:1450::1]',
    '::ffff:8.8.8.8',
  ])('tells that an address is public: %s', (address) => expect(isPrivateAddress(address)).toBe(false));
  test('takes no name for a private address', () => expect(isPrivateAddress('internal.example')).toBe(false));
});
