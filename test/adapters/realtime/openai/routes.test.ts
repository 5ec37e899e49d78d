// What OpenAI handshakes say about the model, and which are not served at all.

import { describe, expect, test } from 'vitest';
import { openaiRoutes } from '../../../../adapters/realtime/openai/routes.ts';
import { handshakeOf } from '../../../support/handshakes.ts';

function routeOf(target: string) {
  const route = openaiRoutes.find(({ path }) => path === target.split('?')[0]);
  if (route === undefined) throw new Error(`no route ${target}`);
  return route;
}

test.each([
  ['/v1/realtime?model=gpt-realtime-2.1', { name: 'gpt-realtime-2.1' }],
  ['/v1/realtime?intent=transcription', 'in-frames'],
  ['/v1/realtime?intent=transcription&model=a', { name: 'a' }],
  ['/v1/realtime?intent=other', undefined],
  ['/v1/realtime?call_id=rtc_1', undefined],
  ['/v1/realtime?call_id=rtc_1&model=a', undefined],
  ['/v1/realtime?call_id=&model=a', undefined],
  ['/v1/realtime', undefined],
  ['/v1/realtime?model=', undefined],
  ['/v1/realtime/translations?model=a', { name: 'a' }],
  ['/v1/realtime/translations', undefined],
  ['/v1/live/sessions', 'in-frames'],
  ['/v1/live/sessions?model=a', 'in-frames'],
  ['/v1/responses', 'in-frames'],
])('the model of %s is %j', (target, model) => {
  expect(routeOf(target).model(handshakeOf(target))).toEqual(model);
});

describe.each(openaiRoutes.map(({ path }) => path))('%s', (path) => {
  test.each([
    ['the header', { 'openai-beta': 'realtime=v1' }, []],
    ['the header among others', { 'openai-beta': 'assistants=v2, Realtime=v1' }, []],
    ['the subprotocol', {}, ['realtime', 'openai-insecure-api-key.k', 'openai-beta.realtime-v1']],
  ])('tells a client of the beta, by %s, what to change', (_what, headers, protocols) => {
    const refusal = routeOf(path).reject?.(handshakeOf(`${path}?model=m`, headers, protocols));
    expect(refusal).toMatchObject({ status: 400, code: 'beta_api_shape_disabled' });
    expect(refusal?.message).toMatch(/OpenAI-Beta.*openai-beta\.realtime-v1.*response\.output_audio\.delta/);
  });

  test('serves clients of other betas, and such as name no model', () => {
    const headers = { 'openai-beta': 'responses_websockets=2026-02-06' };
    expect(routeOf(path).reject?.(handshakeOf(path, headers))).toBeUndefined();
    expect(routeOf(path).reject?.(handshakeOf(path, {}, ['realtime', 'openai-agents-sdk.0.20.0']))).toBeUndefined();
  });

  test.each([
    'model=a&model=b',
    'model=a&model=a',
    'intent=transcription&intent=',
    'call_id=a&call_id=b',
    'model=a&mod%65l=b',
  ])('takes no query that two parsers may read differently: %s', (query) => {
    const refusal = routeOf(path).reject?.(handshakeOf(`${path}?${query}`));
    expect(refusal).toMatchObject({ status: 400, code: 'invalid_request' });
  });
});
