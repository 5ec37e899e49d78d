// What of a handshake goes on to the provider, and all that does not.

import { describe, expect, test } from 'vitest';
import type { Account } from '../../../adapters/realtime/contract.ts';
import { commonPlaces } from '../../../adapters/realtime/credential.ts';
import { upstreamUrl } from '../../../adapters/realtime/forwarded.ts';
import { findEndpoint } from '../../../adapters/realtime/index.ts';
import { handshakeOf } from '../../support/handshakes.ts';

const account: Account = { baseUrl: 'wss://provider.example', credential: 'ours', settings: {} };
const bidi = '/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContent';
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

function dial(target: string, headers: Record<string, string> = {}, over: Partial<Account> = {}) {
  const handshake = handshakeOf(target, headers, offer);
  const found = findEndpoint(handshake.path);
  if (found === undefined) throw new Error(`no route ${handshake.path}`);
  return found.endpoint.upstream(handshake, { ...account, ...over });
}

describe.each([
  '/v1/realtime',
  '/v1/realtime/translations',
  '/v1/live/sessions',
  '/v1/responses',
  bidi,
  `${bidi}Constrained`,
])('to %s', (path) => {
  test('no credential, account, cookie, origin or forwarding header of the client goes on', () => {
    expect(JSON.stringify(dial(`${path}?${secrets}&model=m`, nosy))).not.toContain('CANARY');
  });

  test('no subprotocol is offered', () => {
    expect(dial(path).subprotocols).toEqual([]);
  });

  test('what the client says of itself, and the rest of its query, goes on', () => {
    const endpoint = dial(`${path}?model=m&x=a%20b&x=%26`, { 'user-agent': 'sdk/1' });
    expect(endpoint.headers['user-agent']).toBe('sdk/1');
    expect(new URL(endpoint.url).searchParams.getAll('x')).toEqual(['a b', '&']);
    expect(new URL(endpoint.url).searchParams.get('model')).toBe('m');
  });

  test('the path of the base URL stays in front', () => {
    expect(dial(path, {}, { baseUrl: 'ws://127.0.0.1:8080/proxy/' }).url).toMatch(
      /^ws:\/\/127\.0\.0\.1:8080\/proxy\/(v1|ws)\//,
    );
  });
});

describe('to OpenAI', () => {
  test('goes our credential, and no organization or project that is not configured', () => {
    expect(dial('/v1/realtime?model=m')).toEqual({
      kind: 'websocket',
      url: 'wss://provider.example/v1/realtime?model=m',
      headers: { authorization: 'Bearer ours' },
      subprotocols: [],
    });
  });

  test('go organization and project of the account', () => {
    expect(dial('/v1/responses', nosy, { settings: { organization: 'org', project: 'proj' } }).headers).toEqual({
      authorization: 'Bearer ours',
      'openai-organization': 'org',
      'openai-project': 'proj',
    });
  });

  test('goes who the end user is, and the id of the request', () => {
    const headers = { 'openai-safety-identifier': 'user-7', 'x-client-request-id': 'r-1' };
    expect(dial('/v1/realtime?model=m', headers).headers).toMatchObject(headers);
  });
});

describe('to Gemini', () => {
  test("goes our key in the query, in place of the client's", () => {
    expect(dial(`${bidi}?key=theirs`, { 'x-goog-api-client': 'sdk' })).toEqual({
      kind: 'websocket',
      url: `wss://provider.example${bidi}?key=ours`,
      headers: { 'x-goog-api-client': 'sdk' },
      subprotocols: [],
    });
  });

  test('goes our key to the plain method where the client asked for the constrained one', () => {
    expect(dial(`${bidi}Constrained?access_token=auth_tokens/theirs`).url).toBe(
      `wss://provider.example${bidi}?key=ours`,
    );
  });

  test('goes an ephemeral token to the constrained method', () => {
    const forwarded = { credential: 'auth_tokens/a+b' };
    const expected = `wss://provider.example${bidi}Constrained?access_token=auth_tokens%2Fa%2Bb`;
    expect(dial(`${bidi}Constrained?access_token=auth_tokens/a%2Bb`, {}, forwarded).url).toBe(expected);
    expect(dial(`${bidi}?key=auth_tokens/a%2Bb`, {}, forwarded).url).toBe(expected);
  });

  test('goes a forwarded key to the plain method', () => {
    const url = dial(`${bidi}Constrained?key=theirs`, {}, { credential: 'theirs' }).url;
    expect(url).toBe(`wss://provider.example${bidi}?key=theirs`);
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
