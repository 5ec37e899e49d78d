// The provider Ultravox: calls are made by POST /api/calls, whose answer has the URL that joins them; its credentials, the shape of its errors.
// All of it: documents, and third parties in production.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import type { MintBounds, MintFault, MintRequest } from '../contract/mint.ts';
import type { Provider } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import { type HttpReply, type Refusal, refusalReply, untilOf } from '../refusal.ts';
import { ultravoxDialect } from './dialect.ts';

/** The path of the socket here: that of the provider is for each call another. */
const SOCKET = '/api/calls/join';

/** The name, in lists of keys and in prices, of the model of a call that names none. */
const USUAL_MODEL = 'ultravox';

/** Ultravox, asked for calls with an API key in a header. */
export const ultravox: Provider = {
  name: 'ultravox',
  environment: ['ULTRAVOX_API_KEY'],
  baseUrl: 'wss://api.ultravox.ai',
  auth: 'header:x-api-key',
  endpoints: [{ path: SOCKET, dialect: ultravoxDialect, resources: () => 'unknown' }],
  mints: [
    {
      path: '/api/calls',
      prefix: 'ek_',
      dialect: ultravoxDialect.name,
      sessionField: '',
      read: readCall,
      relay: { urlField: 'joinUrl', path: SOCKET, parameter: 'token' },
    },
  ],
  notServed: ['/api/calls/{rest...}', '/api/agents', '/api/agents/{rest...}', '/api/{name}'].map((path) => ({
    path,
    takesAnyBody: true,
    instead: 'of Ultravox there are calls over WebSocket, which POST /api/calls makes',
  })),
  free: { path: '/api/accounts/me', refusals: [401, 403] },
  credentials: commonPlaces,
  subprotocol: 'ultravox',
  forwardedHeaders: ['user-agent'],
  switches: [],
  billing: { by: 'connected-time' },
  preconnect: false,
  httpError,
};

/** A call by any other medium has its media elsewhere, where the gateway could neither count nor end it. */
function readCall(body: JsonObject, { now, openSeconds }: MintBounds): MintRequest | MintFault {
  const { medium, model = USUAL_MODEL, trunkline: own } = body;
  const socket = isObject(medium) && Object.keys(medium).length === 1 ? medium.serverWebSocket : undefined;
  if (!isObject(socket)) return { field: 'medium', expected: 'serverWebSocket and nothing else' };
  if (typeof model !== 'string' || model === '') return { field: 'model', expected: 'the name of a model' };
  const { inputSampleRate: heard, outputSampleRate: spoken = heard } = socket;
  const sound = { upstream: 2 * Number(heard) || 0, downstream: 2 * Number(spoken) || 0 };
  return { expiresAt: now + openSeconds * 1000, uses: 1, own, model, sound };
}

/** The shape of errors is not known; clients show the body. */
function httpError(refusal: Refusal): HttpReply {
  const { code, message, help } = refusal;
  return refusalReply(refusal, { detail: message, code, ...untilOf(refusal), help });
}
