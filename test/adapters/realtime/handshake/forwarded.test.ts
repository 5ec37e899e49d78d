// Tests what of a client's handshake goes on to a provider, and all that does not, at every endpoint there is.

import { describe, expect, test } from 'vitest';
import type { Account, Handshake } from '../../../../adapters/realtime/contract.ts';
import { commonPlaces } from '../../../../adapters/realtime/handshake/credential.ts';
import { pickHeaders, refusedSwitch, upstreamUrl } from '../../../../adapters/realtime/handshake/forwarded.ts';
import { providers, upstreamOf } from '../../../../adapters/realtime/index.ts';
import { handshakeOf } from '../../../support/handshakes.ts';

const account: Account = { baseUrl: 'wss://provider.example', credential: 'ours', settings: {} };
const endpoints = [...providers.values()].flatMap((provider) =>
  provider.endpoints.map((endpoint) => ({
    name: `${provider.name} ${endpoint.path}`,
    path: endpoint.path,
    dialled: endpoint.upstreamPath?.(endpoint.path, 'ours') ?? endpoint.path,
    parameters: provider.credentials.parameters,
    forwardedHeaders: provider.forwardedHeaders,
    upstream: (handshake: Handshake, given: Account) => upstreamOf(provider, endpoint, handshake, given),
  })),
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
  'api-key=CANARY&Api_Key=CANARY&access_token=CANARY&token=CANARY&trunkline-session=CANARY&trunkline-seed=CANARY&trunkline-continue=CANARY&Trunkline-Continue=CANARY&access_token=CANARY;token=CANARY';

describe.each(endpoints)(
  'the upstream handshake of $name',
  ({ path, dialled, upstream, forwardedHeaders, parameters }) => {
    test('has the headers that the provider declares, and none that only another one does', () => {
      const sent = Object.fromEntries(forwardedByAny.map((name) => [name, 'of the client']));
      const { headers } = upstream(handshakeOf(path, sent), account);
      const forwarded = Object.keys(headers).filter((name) => headers[name] === 'of the client');
      expect(forwarded.sort()).toEqual([...forwardedHeaders].sort());
    });

    test('has no credential, account, cookie, origin or forwarding header of the client', () => {
      const all = [secrets, ...parameters.map((name) => `${name}=CANARY`)].join('&');
      const handshake = handshakeOf(`${path}?${all}&model=m`, nosy, offer);
      expect(JSON.stringify(upstream(handshake, account))).not.toContain('CANARY');
      expect(JSON.stringify(upstream(handshake, account))).toContain('ours');
    });

    test('has the rest of the query in the bytes of the client', () => {
      const own = 'model=m&x=a%20b+c&flag&empty=&x=%26&=&&%zz=%F0%9f&q=\'"<>`{|}^&last=1?2=3';
      const { url } = upstream(handshakeOf(`${path}?token=k&${own}&trunkline-session=s&%74oken=k`), account);
      expect(url.split(/[?&]\w+=ours$/)[0]).toBe(`wss://provider.example${dialled}?${own}`);
    });

    test('has the path of the base URL in front', () => {
      const { url } = upstream(handshakeOf(path), { ...account, baseUrl: 'ws://127.0.0.1:8080/proxy/' });
      expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:8080\/proxy\/[a-z0-9]/);
    });
  },
);

describe('the URL that is dialled', () => {
  const url = (baseUrl: string, rawQuery: string, parameters: readonly string[]) =>
    upstreamUrl(baseUrl, { path: '/v1/x', rawQuery }, { ...commonPlaces, parameters });

  test('keeps a query of the base URL', () => {
    expect(url('wss://p.example/base?version=2', 'model=m&key=k', ['key'])).toBe(
      'wss://p.example/base/v1/x?version=2&model=m',
    );
  });

  test.each([
    ['', '?'],
    ['key=k', ''],
    ['key=k&', '?'],
    ['trunkline-anything=1&a', '?a'],
    ['?key=k', ''],
  ])('keeps what is left of %j as %j', (query, left) => {
    expect(url('wss://p.example', query, ['key'])).toBe(`wss://p.example/v1/x${left}`);
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

describe('switches in headers', () => {
  const switches = [{ header: 'X-Beta', values: ['one=v1', 'two=*'] }];
  const refused = (value: string) => refusedSwitch(handshakeOf('/', { 'x-beta': value }), switches);

  test.each(['', 'one=v1', 'ONE=V1', 'two=2026-02-06', ' one=v1 , two=x,', 'two='])('%j goes on', (value) => {
    expect(refused(value)).toBeUndefined();
  });

  test.each([
    ['one=v2', 'one=v2'],
    ['two=a, three=v1', 'three=v1'],
    ['one', 'one'],
  ])('%j is refused, and the message names %s', (value, named) => {
    expect(refused(value)).toEqual({
      status: 400,
      code: 'invalid_request',
      message: `The header X-Beta has "${named}", which is not passed on: expected one=v1 or two=*.`,
    });
  });

  test('a value of any length is quoted briefly', () => {
    expect(refused('x'.repeat(4000))?.message.length).toBeLessThan(200);
  });
});
