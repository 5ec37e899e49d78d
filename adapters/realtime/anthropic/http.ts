// Anthropic has no realtime API: its SDKs come to this port only when somebody takes it for a gateway of theirs, and read what they are told
// in Anthropic's shape.

import type { NotServedBy } from '../handshake/provider-lookup.ts';
import type { HttpReply, Refusal } from '../refusal.ts';

const instead =
  'text goes through POST /v1/chat/completions, whose classes may have targets of the profile anthropic, in the form of OpenAI';

/** The Messages API and the API before it. */
export const anthropic: NotServedBy = {
  name: 'anthropic',
  notServed: ['/v1/messages', '/v1/messages/{rest...}', '/v1/complete'].map((path) => ({ path, instead })),
  httpError,
};

/** Types of errors, https://docs.anthropic.com/en/api/errors. */
const types: { readonly [status: number]: string } = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};

function httpError({ status, code, message, retryAfterS, help }: Refusal): HttpReply {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
  const type = types[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  return { status, headers, body: JSON.stringify({ type: 'error', error: { type, message, code, help } }) };
}
