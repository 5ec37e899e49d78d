// Anthropic has no realtime API: its SDKs come to this port for the Messages API, and read what they are told in Anthropic's shape.

import type { NotServedBy } from '../handshake/provider-lookup.ts';
import { type HttpReply, type Refusal, refusalReply } from '../refusal.ts';

const instead = 'of the HTTP API of Anthropic there are POST /v1/messages and /v1/messages/count_tokens';

/** Batches of messages, files, and the API before that of messages. */
export const anthropic: NotServedBy = {
  name: 'anthropic',
  notServed: ['/v1/messages/batches', '/v1/messages/batches/{rest...}', '/v1/complete'].map((path) => ({
    path,
    instead,
  })),
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

function httpError(refusal: Refusal): HttpReply {
  const { status, code, message, help } = refusal;
  const error = { type: anthropicErrorType(status), message, code, help };
  return refusalReply(refusal, { type: 'error', error });
}

/** Returns the `type` that goes with an HTTP status of 400 or more. */
export const anthropicErrorType = (status: number): string =>
  types[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
