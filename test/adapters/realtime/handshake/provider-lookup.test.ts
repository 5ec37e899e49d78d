// The lookup of providers: how the endpoint of a path is found, among providers that are invented here.

import { describe, expect, test } from 'vitest';
import type { NotServed, Provider, ServedEndpoint } from '../../../../adapters/realtime/contract.ts';
import { commonPlaces } from '../../../../adapters/realtime/handshake/credential.ts';
import { createProviderLookup } from '../../../../adapters/realtime/handshake/provider-lookup.ts';
import { handshakeOf } from '../../../support/handshakes.ts';

/** A provider of which only what is found counts. */
function provider(
  name: string,
  paths: readonly string[],
  notServed: readonly NotServed[],
  more: Partial<Provider> = {},
) {
  const endpoints = paths.map((path) => ({ path }) as ServedEndpoint);
  return { name, endpoints, notServed, credentials: commonPlaces, ...more } as unknown as Provider;
}

const first = provider(
  'first',
  ['/v1/talk', '/calls/{token}'],
  [
    { method: 'POST', path: '/v1/secrets' },
    { method: 'POST', path: '/v1/calls/{id}/{action}', takesAnyBody: true },
    { path: '/v1/files/{rest...}', instead: 'there are none' },
  ],
);
const second = provider('second', ['/v2/talk'], [{ method: 'GET', path: '/v2/listen' }], {
  credentials: { ...commonPlaces, headers: ['x-second'], subprotocolPairs: ['token'] },
});
const registry = createProviderLookup([first, second]);

test('knows its providers by name, and every path of theirs', () => {
  expect([...registry.providers]).toEqual([
    ['first', first],
    ['second', second],
  ]);
  expect(registry.knownPaths).toEqual(['/v1/talk', '/calls/{token}', '/v2/talk']);
});

describe('an endpoint', () => {
  test.each([
    ['/v1/talk', 'first', '/v1/talk'],
    ['/v2/talk', 'second', '/v2/talk'],
    ['/calls/abc', 'first', '/calls/{token}'],
  ])('an endpoint is found at %s', (path, name, pattern) => {
    const found = registry.findEndpoint(path);
    expect([found?.provider.name, found?.endpoint.path]).toEqual([name, pattern]);
  });

  test.each(['/', '', '/v1', '/v1/talk/', '/V1/talk', '/v1/talk/x', '/calls/', '/calls/a/b', '/__proto__'])(
    'no endpoint is found at %j',
    (path) => {
      expect(registry.findEndpoint(path)).toBeUndefined();
    },
  );
});

describe('an endpoint that is not served', () => {
  test.each([
    ['POST', '/v1/secrets', 'first'],
    ['POST', '/v1/calls/c_1/accept', 'first'],
    ['GET', '/v2/listen', 'second'],
  ])('an endpoint that is not served is found by its method and its path: %s %s', (method, path, name) => {
    expect(registry.findNotServed(method, path)?.provider.name).toBe(name);
  });

  test.each([
    ['GET', '/v1/secrets'],
    ['POST', '/v1/talk'],
    ['POST', '/v1/calls/'],
    ['POST', '/v1/calls//accept'],
    ['POST', '/v1/calls/c_1'],
    ['POST', '/v1/calls/c_1/accept/more'],
  ])('no endpoint is known at %s %s', (method, path) => {
    expect(registry.findNotServed(method, path)).toBeUndefined();
  });

  test.each(['GET', 'POST', 'DELETE'])('an endpoint without a method is found by any: %s', (method) => {
    expect(registry.findNotServed(method, '/v1/files/f_1/content')?.endpoint.instead).toBe('there are none');
  });

  test('an endpoint that is not served says whether it may have another body than JSON', () => {
    expect(registry.findNotServed('POST', '/v1/calls/c_1/accept')?.endpoint.takesAnyBody).toBe(true);
    expect(registry.findNotServed('POST', '/v1/secrets')?.endpoint.takesAnyBody).toBeUndefined();
  });

  test('an endpoint of somebody without a provider is found too, and belongs to no path that is served', () => {
    const other = { name: 'other', notServed: [{ path: '/v1/messages' }], httpError: () => ({}) as never };
    const more = createProviderLookup([first], [other]);
    expect(more.findNotServed('POST', '/v1/messages')?.provider).toBe(other);
    expect([...more.providers.keys()]).toEqual(['first']);
  });
});

describe('the credential of a client', () => {
  const handshake = handshakeOf('/', { 'x-second': 'in header' }, ['token', 'in-protocol']);

  test('a credential is looked for where the provider of the path declares', () => {
    expect(registry.clientCredential(handshake, first)).toBeUndefined();
    expect(registry.clientCredential(handshake, second)).toBe('in header');
  });

  test('a credential is looked for in the places of all providers on a path that belongs to none', () => {
    expect(registry.clientCredential(handshake, undefined)).toBe('in header');
    expect(registry.clientCredential(handshakeOf('/', { 'api-key': 'plain' }), undefined)).toBe('plain');
  });
});

test.each([
  [['token', 'KEY'], ['token']],
  [
    ['TOKEN', 'KEY', 'realtime'],
    ['TOKEN', 'realtime'],
  ],
  [
    ['bearer.KEY', 'Bearer.KEY', 'bearer.', 'v2', 'v1'],
    ['v2', 'v1'],
  ],
  [
    ['trunkline-session.id', 'realtime'],
    ['realtime', 'trunkline-session.id'],
  ],
  [[], []],
])('of the offer %j these may be answered: %j', (offer, answers) => {
  expect(registry.answerable(handshakeOf('/', {}, offer))).toEqual(answers);
});
