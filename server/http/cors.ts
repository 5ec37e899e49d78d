// Lets pages of allowed origins read answers, errors included: the CORS protocol of the Fetch standard. Rule: a page of another origin
// gets none of these headers, so that its browser tells it nothing.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpReply } from '../../adapters/realtime/refusal.ts';
import type { OriginPolicy } from './origin-policy.ts';

/** The names of a list, each a token (RFC 9110, section 5.6.2). */
const NAMES = /^[!#$%&'*+.^_`|~0-9a-z-]+(\s*,\s*[!#$%&'*+.^_`|~0-9a-z-]+)*$/i;
/** The longest that Chromium remembers a preflight. */
const MAX_AGE_S = 7200;
/** Headers that a page may read without being told. */
const ALWAYS_READ = new Set([
  ...['cache-control', 'content-language', 'content-length', 'content-type', 'expires', 'last-modified', 'pragma'],
]);

/** Says on the response, before it has a head, that it may be read by the page that asks, where that is of one of these origins. */
export function allowReading(
  { headers: { origin } }: IncomingMessage,
  response: ServerResponse,
  allowed: OriginPolicy['allowed'],
): void {
  // Caches must not give the answer to one origin to another, and one without an origin to a page.
  response.setHeader('vary', 'Origin');
  if (origin !== undefined && allowed.has(origin)) response.setHeader('access-control-allow-origin', origin);
}

/** The header that lets a page read all of these headers; none where no page may read the response. */
export function exposing(response: ServerResponse, headers: HttpReply['headers']): Record<string, string> {
  if (!response.hasHeader('access-control-allow-origin')) return {};
  const names = [...response.getHeaderNames(), ...Object.keys(headers)].filter(
    (name) => !ALWAYS_READ.has(name) && !name.startsWith('access-control-') && name !== 'vary',
  );
  return names.length === 0 ? {} : { 'access-control-expose-headers': names.join(', ') };
}

/** Tells whether the request is the question that a browser asks before a request. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  const wanted = headers['access-control-request-method'];
  return method === 'OPTIONS' && headers.origin !== undefined && NAMES.test(wanted ?? '');
}

/**
 * The answer to a preflight; undefined for any other request. `methods`: those of the path; where there are none, the page may send its request
 * and read that. Its origin was checked, and such a page may send any header.
 */
export function preflightReply(request: IncomingMessage, methods: readonly string[]): HttpReply | undefined {
  if (!isPreflight(request)) return undefined;
  const { headers } = request;
  const wanted = headers['access-control-request-method'] ?? '';
  const names = String(headers['access-control-request-headers'] ?? '');
  return {
    status: 204,
    headers: {
      'access-control-allow-methods': methods.length === 0 ? wanted : methods.join(', '),
      ...(NAMES.test(names) && { 'access-control-allow-headers': names }),
      'access-control-max-age': String(MAX_AGE_S),
      ...(headers['access-control-request-private-network'] === 'true' && {
        'access-control-allow-private-network': 'true',
      }),
      vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Private-Network',
    },
    body: '',
  };
}
