// Every place of a handshake where a client's credential can be, which one wins, and what is never echoed.

import { describe, expect, test } from 'vitest';
import { providers } from '../../../adapters/realtime/index.ts';
import { handshakeOf } from '../../support/handshakes.ts';

type Place = readonly [what: string, query: string, headers: Record<string, string>, protocols: readonly string[]];

/** In the order of precedence. */
const places: readonly Place[] = [
  ['Authorization: Bearer', '', { authorization: 'Bearer SECRET' }, []],
  ['api-key', '', { 'api-key': 'SECRET' }, []],
  ['x-goog-api-key', '', { 'x-goog-api-key': 'SECRET' }, []],
  ['xi-api-key', '', { 'xi-api-key': 'SECRET' }, []],
  ['openai-insecure-api-key.*', '', {}, ['openai-insecure-api-key.SECRET']],
  ['xai-client-secret.*', '', {}, ['xai-client-secret.SECRET']],
  ['ai-gateway-auth.*', '', {}, ['ai-gateway-auth.SECRET']],
  ['bearer.*', '', {}, ['bearer.SECRET']],
  ['?key', 'key=SECRET', {}, []],
  ['?api-key', 'api-key=SECRET', {}, []],
  ['?api_key', 'api_key=SECRET', {}, []],
  ['?apikey', 'apikey=SECRET', {}, []],
  ['?access_token', 'access_token=SECRET', {}, []],
  ['?token', 'token=SECRET', {}, []],
  ['?authorization', 'authorization=SECRET', {}, []],
];

describe.each([...providers.values()])('for $name', (adapter) => {
  test.each(places)('a credential is found in %s', (_what, query, headers, protocols) => {
    const handshake = handshakeOf(`/?model=m&${query}`, headers, ['realtime', ...protocols]);
    expect(adapter.clientCredential(handshake)).toBe('SECRET');
  });

  test('the first place wins, each before all that follow', () => {
    for (let first = 0; first < places.length; first++) {
      const rest = places.slice(first);
      const written = (text: string, place: Place) => text.replace('SECRET', place === rest[0] ? 'first' : 'later');
      const query = rest.map((place) => written(place[1], place)).filter((text) => text !== '');
      const headers = Object.assign(
        {},
        ...rest.map((place) => Object.fromEntries(Object.entries(place[2]).map(([k, v]) => [k, written(v, place)]))),
      );
      const protocols = rest.flatMap((place) => place[3].map((text) => written(text, place)));
      const handshake = handshakeOf(`/?${query.reverse().join('&')}`, headers, protocols.reverse());
      expect(adapter.clientCredential(handshake), rest[0]?.[0]).toBe('first');
    }
  });

  test.each([
    ['Token', 'Token SECRET'],
    ['another case', 'bEaReR SECRET'],
    ['more space', ' Bearer   SECRET '],
  ])('the Authorization header may have %s', (_what, authorization) => {
    expect(adapter.clientCredential(handshakeOf('/', { authorization }))).toBe('SECRET');
  });

  test('a scheme in the query is not part of the credential', () => {
    expect(adapter.clientCredential(handshakeOf('/?Authorization=Bearer%20SECRET'))).toBe('SECRET');
  });

  test.each([
    ['a scheme alone', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Basic QUJD' }],
    ['an empty header', { 'api-key': '  ' }],
  ])('%s is passed over', (_what, headers) => {
    expect(adapter.clientCredential(handshakeOf('/', headers))).toBeUndefined();
    expect(adapter.clientCredential(handshakeOf('/?key=&key=SECRET', headers))).toBe('SECRET');
  });

  test('an empty entry is passed over', () => {
    const offer = ['realtime', 'openai-insecure-api-key.', 'bearer.SECRET'];
    expect(adapter.clientCredential(handshakeOf('/?key=', {}, offer))).toBe('SECRET');
  });

  test('nothing else counts as one', () => {
    const handshake = handshakeOf('/?model=SECRET&keys=SECRET', { cookie: 'key=SECRET', 'x-key': 'SECRET' }, [
      'realtime',
      'SECRET',
    ]);
    expect(adapter.clientCredential(handshake)).toBeUndefined();
  });

  test.each([
    [['realtime', 'openai-insecure-api-key.SECRET', 'openai-organization.o', 'openai-project.p'], 'realtime'],
    [['openai-insecure-api-key.SECRET', 'openai-agents-sdk.1.2', 'realtime'], 'realtime'],
    [['realtime'], 'realtime'],
    [[], undefined],
    [['openai-insecure-api-key.SECRET'], undefined],
    [['bearer.SECRET', 'xai-client-secret.SECRET', 'ai-gateway-auth.SECRET'], undefined],
    [['openai-organization.o', 'openai-project.p', 'openai-agents-sdk.1'], undefined],
    [['trunkline-session.0b5c2d1e-0000-4000-8000-000000000000', 'realtime'], 'realtime'],
    [['trunkline-session.0b5c2d1e-0000-4000-8000-000000000000'], undefined],
    [['trunkline-continue.0b5c2d1e-0000-4000-8000-000000000000', 'realtime'], 'realtime'],
    [['openai-beta.realtime-v1'], undefined],
  ])('the answer to the offer %j is %j', (offer, answer) => {
    expect(adapter.selectSubprotocol(handshakeOf('/', {}, offer))).toBe(answer);
  });
});
