// Gemini Live (AI Studio): BidiGenerateContent, and its twin for ephemeral tokens, in three API versions.

import type { Account, Handshake, HttpReply, Provider, Refusal, ServedEndpoint, Upstream } from '../contract.ts';
import { chooseSubprotocol, findCredential } from '../credential.ts';
import { endpointUrl, pickHeaders } from '../endpoint.ts';
import { liveDialect } from './dialect.ts';

const versions = ['v1', 'v1beta', 'v1alpha'];
const constrained = 'Constrained';

const endpoints: readonly ServedEndpoint[] = versions.flatMap((version) =>
  ['', constrained].map((suffix) => ({
    path: `/ws/google.ai.generativelanguage.${version}.GenerativeService.BidiGenerateContent${suffix}`,
    dialect: liveDialect,
    model: () => 'in-frames' as const,
  })),
);

/** Gemini Live, dialled with an API key or an ephemeral token in the query. */
export const gemini: Provider = {
  name: 'gemini',
  endpoints,
  notServed: versions.map((version) => ({ method: 'POST', path: `/${version}/auth_tokens` })),
  baseUrl: 'wss://generativelanguage.googleapis.com',
  environment: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  clientCredential: findCredential,
  selectSubprotocol: chooseSubprotocol,
  endpoint,
  httpError,
};

/** The credential decides the method: an ephemeral token is only taken by the constrained one, a key only by the other. */
function endpoint(route: ServedEndpoint, handshake: Handshake, account: Account): Upstream {
  const isEphemeral = account.credential.startsWith('auth_tokens/');
  const plainPath = route.path.endsWith(constrained) ? route.path.slice(0, -constrained.length) : route.path;
  const url = new URL(endpointUrl(account.baseUrl, isEphemeral ? plainPath + constrained : plainPath, handshake.query));
  url.searchParams.set(isEphemeral ? 'access_token' : 'key', account.credential);
  return { url: url.href, headers: pickHeaders(handshake, ['user-agent', 'x-goog-api-client']), subprotocols: [] };
}

/** Google's error shape (google.rpc.Status as JSON); the gateway's own code is the reason in `details`. */
function httpError({ status, code, message, retryAfterS }: Refusal): HttpReply {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  const details: object[] = [
    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: code, domain: 'trunkline' },
  ];
  if (retryAfterS !== undefined) {
    headers['retry-after'] = String(retryAfterS);
    details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryAfterS}s` });
  }
  return {
    status,
    headers,
    body: JSON.stringify({ error: { code: status, message, status: canonicalStatus(status), details } }),
  };
}

const canonicalStatuses: { readonly [status: number]: string } = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  429: 'RESOURCE_EXHAUSTED',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

function canonicalStatus(status: number): string {
  return canonicalStatuses[status] ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
}
