// Tests what of a client's handshake goes on to a provider, and all that does not, at every endpoint there is.

import { describe, expect, test } from 'vitest';
import type { Account } from '../../../adapters/realtime/contract.ts';
import { commonPlaces } from '../../../adapters/realtime/credential.ts';
import { pickHeaders, upstreamUrl } from '../../../adapters/realtime/forwarded.ts';
import { providers } from '../../../adapters/realtime/index.ts';
import { handshakeOf } from '../../support/handshakes.ts';

const account: Account = { baseUrl: 'wss://provider.example', credential: 'ours', settings: {} };
const endpoints = [...providers.values()].flatMap(({ endpoints: served, forwardedHeaders }) =>
  served.map((endpoint) => ({ ...endpoint, forwardedHeaders })),
);
const forwardedByAny = [...providers.values()].flatMap(({ forwardedHeaders }) => forwardedHeaders);
const nosy = {
  authorization: 'Bearer CANARY',
  'api-key': 'CANARY',
  'x-goog-api-key': 'CANARY',
  'xi-api-key': 'CANARY',
  'x-trunkline-key': 'CANARY',
  cookie: 'CANARY',
  origin: 'https://CANARY.example',
  host: 'CANARY.example',
  referer: 'https://CANARY.example',
  forwarded: 'for=CANARY',
  'x-forwarded-for': 'CANARY',
  'x-real-ip': 'CANARY',
  via: 'CANARY',
  'openai-beta': 'CANARY',
  'openai-organization': 'CANARY',
  'openai-project': 'CANARY',
  'sec-websocket-protocol': 'realtime, openai-insecure-api-key.CANARY',
  'sec-websocket-extensions': 'CANARY',
  'x-anything': 'CANARY',
  'x-trunkline-continue': 'CANARY',
  'x-trunkline-seed': 'CANARY',
};
const offer = [
  'realtime',
  'openai-insecure-api-key.CANARY',
  'openai-organization.CANARY',
  'trunkline-session.CANARY',
  'trunkline-continue.CANARY',
];
const secrets =
  'key=CANARY&api-key=CANARY&Api_Key=CANARY&access_token=CANARY&token=CANARY&trunkline-session=CANARY&trunkline-seed=CANARY&trunkline-continue=CANARY&Trunkline-Continue=CANARY';

describe.each(endpoints)('the upstream handshake of $path', ({ path, upstream, forwardedHeaders }) => {
  test('has the headers that the provider declares, and none that only another one does', () => {
    const sent = Object.fromEntries(forwardedByAny.map((name) => [name, 'of the client']));
    const { headers } = upstream(handshakeOf(path, sent), account);
    const forwarded = Object.keys(headers).filter((name) => headers[name] === 'of the client');
    expect(forwarded.sort()).toEqual([...forwardedHeaders].sort());
  });

  test('has no credential, account, cookie, origin or forwarding header of the client', () => {
    const handshake = handshakeOf(`${path}?${secrets}&model=m`, nosy, offer);
    expect(JSON.stringify(upstream(handshake, account))).not.toContain('CANARY');
    expect(JSON.stringify(upstream(handshake, account))).toContain('ours');
  });

  test('has the rest of the query as the client sent it', () => {
    const { searchParams } = new URL(upstream(handshakeOf(`${path}?model=m&x=a%20b&x=%26`), account).url);
    expect(searchParams.getAll('x')).toEqual(['a b', '&']);
    expect(searchParams.get('model')).toBe('m');
  });

  test('has the path of the base URL in front', () => {
    const { url } = upstream(handshakeOf(path), { ...account, baseUrl: 'ws://127.0.0.1:8080/proxy/' });
    expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:8080\/proxy\/[a-z0-9]/);
  });
});

describe('the URL that is dialled', () => {
  const url = (baseUrl: string, query: string, parameters: readonly string[]) =>
    upstreamUrl(baseUrl, { path: '/v1/x', query: new URLSearchParams(query) }, { ...commonPlaces, parameters });

  test('keeps a query of the base URL', () => {
    expect(url('wss://p.example/base?version=2', 'model=m&key=k', ['key'])).toBe(
      'wss://p.example/base/v1/x?version=2&model=m',
    );
  });

  test('has no parameter that a provider declares as a credential, in whatever case', () => {
    expect(url('wss://p.example', 'agent=a&Signature=CANARY', ['signature'])).toBe('wss://p.example/v1/x?agent=a');
  });
});

test('headers are picked by name, and only such as have one value', () => {
  const handshake = handshakeOf('/', { 'user-agent': 'sdk/1', cookie: 'CANARY' });
  const several = { ...handshake, headers: { ...handshake.headers, 'x-several': ['a', 'b'] } };
  expect(pickHeaders(several, ['user-agent', 'x-several', 'x-missing'])).toEqual({ 'user-agent': 'sdk/1' });
});
