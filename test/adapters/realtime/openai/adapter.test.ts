// OpenAI's refusals before the 101, as its SDKs read them.

import { expect, test } from 'vitest';
import { openai } from '../../../../adapters/realtime/openai/adapter.ts';

test.each([
  [400, 'invalid_request', 'invalid_request_error'],
  [400, 'beta_api_shape_disabled', 'invalid_request_error'],
  [401, 'invalid_key', 'authentication_error'],
  [403, 'model_not_allowed', 'permission_error'],
  [404, 'unknown_path', 'invalid_request_error'],
  [409, 'duplicate_session', 'invalid_request_error'],
  [429, 'too_many_sessions', 'rate_limit_error'],
  [501, 'not_implemented', 'server_error'],
  [502, 'upstream_unreachable', 'server_error'],
  [503, 'provider_not_configured', 'server_error'],
  [504, 'upstream_timeout', 'server_error'],
] as const)('a refusal with %i %s is a %s', (status, code, type) => {
  const reply = openai.httpError({ status, code, message: 'what to do' });
  expect(reply.status).toBe(status);
  expect(reply.headers).toEqual({ 'content-type': 'application/json' });
  expect(JSON.parse(String(reply.body))).toEqual({ error: { message: 'what to do', type, param: null, code } });
});

test('a refusal says when to try again', () => {
  const reply = openai.httpError({ status: 429, code: 'too_many_sessions', message: 'm', retryAfterS: 7 });
  expect(reply.headers).toEqual({ 'content-type': 'application/json', 'retry-after': '7' });
});
