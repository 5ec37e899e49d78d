// Tests how a credential is found in the places that a provider declares: which one wins, and what counts as one.

import { describe, expect, test } from 'vitest';
import { findCredential, mergedPlaces } from '../../../../adapters/realtime/handshake/credential.ts';
import type { CredentialPlaces } from '../../../../adapters/realtime/handshake/places.ts';
import { handshakeOf } from '../../../support/handshakes.ts';

const places: CredentialPlaces = {
  headers: ['authorization', 'x-key'],
  subprotocolPairs: ['token', 'bearer'],
  subprotocolPrefixes: ['first.', 'second.'],
  parameters: ['key', 'authorization'],
};

type Given = readonly [place: string, query: string, headers: Record<string, string>, protocols: readonly string[]];

/** Places of a credential, in their order of precedence. */
const given: readonly Given[] = [
  ['Authorization', '', { authorization: 'Bearer SECRET' }, []],
  ['another header', '', { 'x-key': 'SECRET' }, []],
  ['a pair of subprotocols', '', {}, ['token', 'SECRET']],
  ['a subprotocol with a prefix', '', {}, ['first.SECRET']],
  ['one with the next prefix', '', {}, ['second.SECRET']],
  ['the query', 'key=SECRET', {}, []],
  ['the next parameter', 'authorization=SECRET', {}, []],
];

const find = (target: string, headers: Record<string, string> = {}, protocols: readonly string[] = []) =>
  findCredential(handshakeOf(target, headers, protocols), places);

test.each(given)('finds a credential in %s', (_place, query, headers, protocols) => {
  expect(find(`/?model=m&${query}`, headers, ['word', ...protocols])).toBe('SECRET');
});

test('takes the first place before all that follow', () => {
  for (let first = 0; first < given.length; first++) {
    const rest = given.slice(first);
    const written = (text: string, place: Given) => text.replace('SECRET', place === rest[0] ? 'first' : 'later');
    const query = rest.map((place) => written(place[1], place)).filter((text) => text !== '');
    const headers = Object.assign(
      {},
      ...rest.map((place) => Object.fromEntries(Object.entries(place[2]).map(([k, v]) => [k, written(v, place)]))),
    );
    const protocols = rest.toReversed().flatMap((place) => place[3].map((text) => written(text, place)));
    expect(find(`/?${query.reverse().join('&')}`, headers, protocols), rest[0]?.[0]).toBe('first');
  }
});

test.each([
  ['Token', 'Token SECRET'],
  ['another case', 'bEaReR SECRET'],
  ['more space', ' Bearer   SECRET '],
  ['no scheme', ' SECRET '],
])('reads an Authorization header with %s', (_what, authorization) => {
  expect(find('/', { authorization })).toBe('SECRET');
});

test('leaves out a scheme in the query', () => {
  expect(find('/?Authorization=Bearer%20SECRET')).toBe('SECRET');
});

test.each([
  ['a scheme alone', { authorization: 'Bearer ' }, []],
  ['another scheme', { authorization: 'Basic QUJD' }, []],
  ['an empty header', { 'x-key': '  ' }, []],
  ['a prefix alone', {}, ['first.']],
  ['the first half of a pair', {}, ['word', 'token']],
] as const)('passes over %s', (_what, headers, protocols) => {
  expect(find('/', headers, protocols)).toBeUndefined();
  expect(find('/?key=&key=SECRET', headers, protocols)).toBe('SECRET');
});

test('finds nothing anywhere else', () => {
  const headers = { cookie: 'key=SECRET', 'api-key': 'SECRET' };
  expect(find('/?model=SECRET&keys=SECRET&token=SECRET', headers, ['word', 'SECRET'])).toBeUndefined();
});

describe('places of several providers together', () => {
  const other: CredentialPlaces = { ...places, headers: ['authorization', 'y-key'], parameters: [] };

  test('the places of several providers together are those of each, once', () => {
    expect(mergedPlaces([places, other])).toEqual({ ...places, headers: ['authorization', 'x-key', 'y-key'] });
  });
});

describe('behind Basic', () => {
  const findBasic = (header: string, basic: { basic?: true } = { basic: true }) =>
    findCredential(handshakeOf('/', { authorization: header }), { ...places, ...basic });
  const base64 = (text: string) => Buffer.from(text).toString('base64');

  test.each([
    ['the user', `Basic ${base64('SECRET:other')}`, 'SECRET'],
    ['the user without a password', `basic  ${base64('SECRET:')}`, 'SECRET'],
    ['a value as it stands', 'Basic SECRET', 'SECRET'],
    ['a value that is base64 without a colon', `Basic ${base64('SECRET')}`, base64('SECRET')],
    ['a password without a user', `Basic ${base64(':SECRET')}`, base64(':SECRET')],
    ['bytes that are no text', `Basic ${base64('\u0001:SECRET')}`, base64('\u0001:SECRET')],
  ])('is %s', (_, header, credential) => {
    expect(findBasic(header)).toBe(credential);
  });

  test('is none where the provider does not declare it, and none without a value', () => {
    expect(findBasic(`Basic ${base64('SECRET:')}`, {})).toBeUndefined();
    expect(findBasic('Basic ')).toBeUndefined();
  });
});
