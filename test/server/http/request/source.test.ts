// Checks whose word counts on where a request comes from, and which ids of requests are taken.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { forwardedOrigin, sourceOf } from '../../../../server/http/request/source.ts';
import { addressList } from '../../../../server/platform/address-list.ts';

const isProxy = addressList(['10.0.0.0/8', '2001:db8:f::/48']);
const PROXY = '10.0.0.1';
const UUID = /^[0-9a-f-]{36}$/;

const source = (headers: IncomingHttpHeaders, peer = PROXY) => sourceOf({ headers } as IncomingMessage, peer, isProxy);

describe('the address of a client', () => {
  test.each([
    ['of one proxy', '192.0.2.1', '192.0.2.1'],
    ['behind two proxies', '192.0.2.1, 10.0.0.2', '192.0.2.1'],
    ['that the client made up is passed over', '127.0.0.1, 8.8.8.8, 192.0.2.1', '192.0.2.1'],
    ['with a port', '192.0.2.1:4711', '192.0.2.1'],
    ['of IPv6', '2001:db8::1', '2001:db8::1'],
    ['of IPv6 with a port', '[2001:db8::1]:4711, 10.0.0.2', '2001:db8::1'],
    ['of IPv4 inside IPv6', '::ffff:192.0.2.1', '192.0.2.1'],
    ['that is a proxy itself', '10.0.0.3', '10.0.0.3'],
    ['that is hidden is the last that is known', 'unknown, 10.0.0.2', '10.0.0.2'],
    ['that is no address', 'unknown', PROXY],
    ['that is empty', '', PROXY],
  ])('an address %s', (_, forwarded, address) => {
    expect(source({ 'x-forwarded-for': forwarded }).address).toBe(address);
  });

  test.each([
    ['in a pair', 'for=192.0.2.1;proto=https;by=10.0.0.1', '192.0.2.1'],
    ['behind two proxies', 'For=192.0.2.1, for=10.0.0.2', '192.0.2.1'],
    ['that the client made up', 'for=8.8.8.8, proto=http;for=192.0.2.1', '192.0.2.1'],
    ['of IPv6 with a port', 'for="[2001:db8::1]:4711"', '2001:db8::1'],
    ['in quotes beside other words', 'by="a,b;for=8.8.8.8";for="192.0.2.1:80"', '192.0.2.1'],
    ['that is hidden', 'for=_secret, for=10.0.0.2', '10.0.0.2'],
    ['that is missing', 'proto=https', PROXY],
    ['that cannot be read', 'for="192.0.2.1', PROXY],
  ])('an address of Forwarded %s', (_, forwarded, address) => {
    expect(source({ forwarded }).address).toBe(address);
    expect(source({ forwarded }, '198.51.100.1').address).toBe('198.51.100.1');
  });

  test('Forwarded says nothing beside X-Forwarded-For: the proxy writes one of them, and a client may send the other', () => {
    expect(source({ forwarded: 'for=8.8.8.8', 'x-forwarded-for': '192.0.2.1' }).address).toBe('192.0.2.1');
    expect(source({ forwarded: 'for=8.8.8.8', 'x-forwarded-for': '' }).address).toBe(PROXY);
  });

  test('the address is that of the connection without a proxy that is trusted', () => {
    expect(source({ 'x-forwarded-for': '192.0.2.1' }, '198.51.100.1').address).toBe('198.51.100.1');
    expect(source({}).address).toBe(PROXY);
  });
});

describe('the id of a request', () => {
  test.each(['a', 'req_1.2:3-4', '0190a1b2-0000-4000-8000-00000000000a', 'Root=1-67891233-abcdef012345678912345678'])(
    'an id is taken from the client where it is fit for a header and a log: %s',
    (id) => {
      expect(source({ 'x-request-id': id }).requestId).toBe(id);
    },
  );

  test.each(['', 'two words', 'a, b', 'x'.repeat(129), '<script>', 'é', '"'])(
    'an id is made in the place of %j',
    (id) => {
      expect(source({ 'x-request-id': id }).requestId).toMatch(UUID);
    },
  );

  test('an id is made where there is none, another each time', () => {
    expect(source({}).requestId).toMatch(UUID);
    expect(source({}).requestId).not.toBe(source({}).requestId);
  });
});

test.each([
  [{ host: 'voice.example.com', 'x-forwarded-proto': 'https' }, 'https://voice.example.com'],
  [{ host: 'inner', forwarded: 'for=192.0.2.1;proto=https;host=voice.example.com' }, 'https://voice.example.com'],
  [{ host: 'voice.example.com:8443', 'x-forwarded-proto': 'https' }, 'https://voice.example.com:8443'],
  [
    { host: 'inside:8080', 'x-forwarded-host': 'voice.example.com', 'x-forwarded-proto': 'HTTPS' },
    'https://voice.example.com',
  ],
  [{ host: 'voice.example.com', 'x-forwarded-proto': 'http, https' }, 'https://voice.example.com'],
  [{ host: 'voice.example.com' }, undefined],
  [{ host: 'voice.example.com', 'x-forwarded-proto': 'ftp' }, undefined],
  [{ host: 'a b', 'x-forwarded-proto': 'https' }, undefined],
])('the origin that a proxy serves, by %j', (headers, origin) => {
  expect(forwardedOrigin(headers)).toBe(origin);
});
