// The provider Deepgram: its Voice Agent path, its credentials, how it is dialled, the shape of its errors. Its events are in dialect.ts.

import type { Provider } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import type { CredentialPlaces } from '../handshake/places.ts';
import type { HttpReply, Refusal } from '../refusal.ts';
import { deepgramAgentDialect } from './dialect.ts';

/** Deepgram's SDK has the key in `Authorization: Token KEY`; in a browser it offers the subprotocols `token, KEY` or `bearer, JWT`. */
const credentials: CredentialPlaces = {
  ...commonPlaces,
  subprotocolPairs: ['token', 'bearer'],
  subprotocolPrefixes: [],
};

/** Tokens that Deepgram grants are JWTs; API keys have no dots. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const forwardedHeaders = ['user-agent', 'x-deepgram-session-id'];

/** Deepgram, dialled with an API key, or with the short-lived token that a client brings. */
export const deepgram: Provider = {
  name: 'deepgram',
  environment: ['DEEPGRAM_API_KEY'],
  baseUrl: 'wss://agent.deepgram.com',
  auth: (credential) => (JWT.test(credential) ? 'bearer' : 'token'),
  endpoints: [{ path: '/v1/agent/converse', dialect: deepgramAgentDialect, resources: () => [] }],
  notServed: [
    { method: 'POST', path: '/v1/auth/grant' },
    { method: 'GET', path: '/v1/agent/settings/think/models' },
    ...['/v1/listen', '/v2/listen', '/v1/speak', '/v2/speak', '/v1/read', '/v1/projects', '/v1/projects/{rest...}'].map(
      (path) => ({
        path,
        takesAnyBody: true,
        instead: 'of Deepgram there is the Voice Agent, over WebSocket at /v1/agent/converse',
      }),
    ),
  ],
  free: { path: '/v1/agent/settings/think/models', refusals: [401, 403] },
  credentials,
  subprotocol: 'token',
  forwardedHeaders,
  switches: [],
  billing: { by: 'connected-time' },
  preconnect: true,
  httpError,
};

/** The shape of Deepgram's HTTP errors, without a `request_id`. */
function httpError({ status, code, message, retryAfterS, resetsAt, help }: Refusal): HttpReply {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
  const until = resetsAt === undefined ? {} : { resets_at: new Date(resetsAt).toISOString() };
  return { status, headers, body: JSON.stringify({ err_code: code, err_msg: message, ...until, help }) };
}
