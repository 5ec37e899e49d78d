// Tests what OpenAI handshakes ask for, which are not served at all, and how OpenAI is dialled.

import { describe, expect, test } from 'vitest';
import type { Account } from '../../../../adapters/realtime/contract.ts';
import { refusedTwice, upstreamOf } from '../../../../adapters/realtime/index.ts';
import { openai } from '../../../../adapters/realtime/openai/adapter.ts';
import { openaiEndpoints } from '../../../../adapters/realtime/openai/endpoints.ts';
import { handshakeOf } from '../../../support/handshakes.ts';

function endpointOf(target: string) {
  const endpoint = openaiEndpoints.find(({ path }) => path === target.split('?')[0]);
  if (endpoint === undefined) throw new Error(`no endpoint ${target}`);
  return endpoint;
}

const model = (name: string) => ({ kind: 'model', name });
const deployment = (name: string) => ({ kind: 'deployment', name });

test.each([
  ['/v1/realtime?model=gpt-realtime-2.1', [model('gpt-realtime-2.1')]],
  ['/v1/realtime?intent=transcription', []],
  ['/v1/realtime?intent=transcription&model=a', [model('a')]],
  ['/v1/realtime?intent=other', 'unknown'],
  ['/v1/realtime?call_id=rtc_1', 'unknown'],
  ['/v1/realtime?call_id=rtc_1&model=a', 'unknown'],
  ['/v1/realtime?call_id=&model=a', 'unknown'],
  ['/v1/realtime', 'unknown'],
  ['/v1/realtime?model=', 'unknown'],
  ['/v1/realtime/translations?model=a', [model('a')]],
  ['/v1/realtime/translations', 'unknown'],
  ['/v1/live/sessions', []],
  ['/v1/live/sessions?model=a', [model('a')]],
  ['/v1/responses', []],
  ['/v1/responses?deployment=d', [deployment('d')]],
  ['/v1/realtime?deployment=d', [deployment('d')]],
  ['/v1/realtime?deployment=d&model=a', [model('a'), deployment('d')]],
  ['/v1/realtime?deployment=a&model=a', [model('a')]],
  ['/v1/realtime?intent=transcription&deployment=d', [deployment('d')]],
  ['/v1/realtime?Model=a&DEPLOYMENT=d', [model('a'), deployment('d')]],
  ['/v1/realtime?x=1;model=b&model=a', [model('a'), model('b')]],
  ['/v1/realtime?CALL_ID=rtc_1&model=a', 'unknown'],
])('the resources of %s are %j', (target, resources) => {
  expect(endpointOf(target).resources(handshakeOf(target))).toEqual(resources);
});

describe.each(openaiEndpoints.map(({ path }) => path))('%s', (path) => {
  test.each([
    ['the header', { 'openai-beta': 'realtime=v1' }, []],
    ['the header among others', { 'openai-beta': 'assistants=v2, Realtime=v1' }, []],
    ['the subprotocol', {}, ['realtime', 'openai-insecure-api-key.k', 'openai-beta.realtime-v1']],
  ])('tells a client of the beta, by %s, what to change', (_what, headers, protocols) => {
    const refusal = endpointOf(path).reject?.(handshakeOf(`${path}?model=m`, headers, protocols));
    expect(refusal).toMatchObject({ status: 400, code: 'beta_api_shape_disabled' });
    expect(refusal?.message).toMatch(/OpenAI-Beta.*openai-beta\.realtime-v1.*response\.output_audio\.delta/);
  });

  test('serves clients of other betas, and such as name no model', () => {
    const headers = { 'openai-beta': 'responses_websockets=2026-02-06' };
    expect(endpointOf(path).reject?.(handshakeOf(path, headers))).toBeUndefined();
    expect(endpointOf(path).reject?.(handshakeOf(path, {}, ['realtime', 'openai-agents-sdk.0.20.0']))).toBeUndefined();
  });

  test('takes no beta in a subprotocol, which would be dropped', () => {
    const refusal = endpointOf(path).reject?.(handshakeOf(path, {}, ['realtime', 'openai-beta.responses-v1']));
    expect(refusal).toMatchObject({ status: 400, message: expect.stringContaining('openai-beta.responses-v1') });
  });

  test.each([
    'model=a&model=b',
    'model=a&model=a',
    'intent=transcription&intent=',
    'call_id=a&call_id=b',
    'model=a&mod%65l=b',
    'model=a&MODEL=b',
    'deployment=a&deployment=b',
    'x=1;model=b&model=a',
    'model=a;model=b',
  ])('takes no query that two parsers may read differently: %s', (query) => {
    const refusal = refusedTwice(handshakeOf(`${path}?${query}`), endpointOf(path));
    expect(refusal).toMatchObject({ status: 400, code: 'invalid_request' });
  });
});

describe('the upstream handshake', () => {
  const account: Account = { baseUrl: 'wss://provider.example', credential: 'ours', settings: {} };
  const dial = (target: string, headers: Record<string, string> = {}, settings: Account['settings'] = {}) =>
    upstreamOf(openai, endpointOf(target), handshakeOf(target, headers), { ...account, settings });

  test('has our credential, and no organization or project that is not configured', () => {
    const headers = { 'openai-organization': 'theirs', 'openai-project': 'theirs' };
    expect(dial('/v1/realtime?model=m', headers)).toEqual({
      kind: 'websocket',
      url: 'wss://provider.example/v1/realtime?model=m',
      headers: { authorization: 'Bearer ours' },
      subprotocols: [],
    });
  });

  test('has the organization and the project of the account', () => {
    expect(dial('/v1/responses', {}, { organization: 'org', project: 'proj' }).headers).toEqual({
      authorization: 'Bearer ours',
      'openai-organization': 'org',
      'openai-project': 'proj',
    });
  });

  test('says who the client and the end user are, and has the id of the request', () => {
    const own = { 'user-agent': 'sdk/1', 'openai-safety-identifier': 'user-7', 'x-client-request-id': 'r-1' };
    expect(dial('/v1/realtime?model=m', own).headers).toMatchObject(own);
  });
});
