// OpenAI in the conformance suite, and its refusals before the 101 as its SDKs read them.

import { expect, test } from 'vitest';
import { openai } from '../../../../adapters/realtime/openai/adapter.ts';
import { conformance } from '../conformance.ts';
import type { ExpectedRefusal } from '../fixture.ts';
import { live, liveAttach, liveFork, realtime, responses, translation } from './conversations.ts';

const types = [
  [400, 'invalid_request', 'invalid_request_error'],
  [400, 'beta_api_shape_disabled', 'invalid_request_error'],
  [401, 'invalid_key', 'authentication_error'],
  [403, 'model_not_allowed', 'permission_error'],
  [404, 'unknown_path', 'invalid_request_error'],
  [409, 'duplicate_session', 'invalid_request_error'],
  [426, 'invalid_request', 'invalid_request_error'],
  [429, 'too_many_sessions', 'rate_limit_error'],
  [501, 'not_implemented', 'server_error'],
  [502, 'upstream_unreachable', 'server_error'],
  [503, 'provider_not_configured', 'server_error'],
  [504, 'upstream_timeout', 'server_error'],
] as const;

const errorBody = ({ status, ...rest }: ExpectedRefusal) => ({
  error: { ...rest, type: types.find(([known]) => known === status)?.[2], param: null },
});

conformance(openai, {
  dialects: {
    'openai-realtime': realtime,
    'openai-translation': translation,
    'openai-live': live,
    'openai-live-attach': liveAttach,
    'openai-live-fork': liveFork,
    'openai-responses': responses,
  },
  httpError: errorBody,
});

test.each(types)('a refusal with %i %s is a %s', (status, code) => {
  const reply = openai.httpError({ status, code, message: 'what to do', help: 'where to look' });
  expect(reply.status).toBe(status);
  expect(reply.headers).toEqual({ 'content-type': 'application/json' });
  expect(JSON.parse(String(reply.body))).toEqual(
    errorBody({ status, code, message: 'what to do', help: 'where to look' }),
  );
});

test('a refusal says when to try again', () => {
  const reply = openai.httpError({ status: 429, code: 'too_many_sessions', message: 'm', retryAfterS: 7 });
  expect(reply.headers).toEqual({ 'content-type': 'application/json', 'retry-after': '7' });
});
