// OpenAI: Realtime, Translation, Live and Responses over WebSocket, with the account of the configuration.

import type {
  Account,
  Handshake,
  HttpReply,
  NotServed,
  Provider,
  Refusal,
  ServedEndpoint,
  Upstream,
} from '../contract.ts';
import { chooseSubprotocol, findCredential } from '../credential.ts';
import { endpointUrl, pickHeaders } from '../endpoint.ts';
import { errorTypeByStatus } from './error-type.ts';
import { openaiRoutes } from './routes.ts';

const sdpBodies = ['application/sdp', 'multipart/form-data'];

const notServed: readonly NotServed[] = [
  { method: 'POST', path: '/v1/realtime/client_secrets' },
  { method: 'POST', path: '/v1/realtime/translations/client_secrets' },
  { method: 'POST', path: '/v1/realtime/sessions' },
  { method: 'POST', path: '/v1/realtime/transcription_sessions' },
  { method: 'POST', path: '/v1/realtime/calls', bodies: sdpBodies },
  { method: 'POST', path: '/v1/realtime/translations/calls', bodies: sdpBodies },
  { method: 'POST', path: '/v1/realtime/calls/{id}/{action}' },
  { method: 'POST', path: '/v1/live/sessions', bodies: sdpBodies },
  { method: 'POST', path: '/v1/live/sessions/{id}/{action}' },
  { method: 'GET', path: '/v1/live/sessions/{id}/{action}' },
  { method: 'POST', path: '/v1/responses' },
];

/** What the client says about itself and its end user. */
const forwardedHeaders = ['user-agent', 'openai-safety-identifier', 'x-client-request-id'];

/** OpenAI, dialled with an API key as a bearer token. */
export const openai: Provider = {
  name: 'openai',
  endpoints: openaiRoutes,
  notServed,
  baseUrl: 'wss://api.openai.com',
  environment: ['OPENAI_API_KEY'],
  clientCredential: findCredential,
  selectSubprotocol: chooseSubprotocol,
  endpoint,
  httpError,
};

function endpoint(route: ServedEndpoint, handshake: Handshake, account: Account): Upstream {
  const headers: Record<string, string> = {
    ...pickHeaders(handshake, forwardedHeaders),
    authorization: `Bearer ${account.credential}`,
  };
  if (account.organization !== undefined) headers['openai-organization'] = account.organization;
  if (account.project !== undefined) headers['openai-project'] = account.project;
  return { url: endpointUrl(account.baseUrl, route.path, handshake.query), headers, subprotocols: [] };
}

function httpError({ status, code, message, retryAfterS }: Refusal): HttpReply {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
  return {
    status,
    headers,
    body: JSON.stringify({ error: { message, type: errorTypeByStatus(status), param: null, code } }),
  };
}
