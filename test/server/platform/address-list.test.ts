// Checks lists of addresses and subnets.

import { describe, expect, test } from 'vitest';
import { addressList, isSubnet, plainAddress } from '../../../server/platform/address-list.ts';

describe('addressList', () => {
  const includes = addressList(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1']);

  test.each(['10.1.2.3', '192.0.2.7', '2001:db8:1::5', '::1'])('addressList has %s', (address) => {
    expect(includes(address)).toBe(true);
  });

  test.each(['11.0.0.1', '192.0.2.8', '2001:db9::', '::2', '', 'localhost', '10.0.0.0/8'])(
    'addressList does not have %j',
    (address) => {
      expect(includes(address)).toBe(false);
    },
  );

  test('addressList has nothing where it is empty', () => {
    expect(addressList([])('127.0.0.1')).toBe(false);
  });
});

test.each(['10.0.0.0/8', '10.0.0.1', '0.0.0.0/0', '::/0', 'fe80::1', '2001:db8::/128'])(
  'isSubnet takes %s',
  (entry) => {
    expect(isSubnet(entry)).toBe(true);
  },
);

test.each([
  '',
  'proxy',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '::/129',
  'fe80::1%eth0',
  '10.0.0/8',
])('isSubnet refuses %j', (entry) => {
  expect(isSubnet(entry)).toBe(false);
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['2001:db8::1', '2001:db8::1'],
])('the plain form of %s is %s', (address, plain) => {
  expect(plainAddress(address)).toBe(plain);
});
