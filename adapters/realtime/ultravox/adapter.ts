// The provider Ultravox: calls are made by POST /api/calls, whose answer has the URL that joins them; its credentials, the shape of its errors.
// All of it: documents, and third parties in production.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';
import type { MintBounds, MintFault, MintPlace, MintRequest } from '../contract/mint.ts';
import type { Provider } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import { type HttpReply, type Refusal, refusalReply, untilOf } from '../refusal.ts';
import { ultravoxDialect } from './dialect.ts';

/** The path of the socket here: that of the provider is for each call another. */
const SOCKET = '/api/calls/join';

/** The name, in lists of keys and in prices, of the model of a call that names none. */
const USUAL_MODEL = 'ultravox';

const mint = {
  prefix: 'ek_',
  dialect: ultravoxDialect.name,
  sessionField: '',
  relay: { urlField: 'joinUrl', path: SOCKET, parameter: 'token' },
} as const;

/** Ultravox, asked for calls with an API key in a header. */
export const ultravox: Provider = {
  name: 'ultravox',
  environment: ['ULTRAVOX_API_KEY'],
  baseUrl: 'wss://api.ultravox.ai',
  auth: 'header:x-api-key',
  endpoints: [{ path: SOCKET, dialect: ultravoxDialect, resources: () => 'unknown' }],
  mints: [
    { path: '/api/calls', ...mint, read: readCall },
    { path: '/api/agents/{agent_id}/calls', ...mint, read: readCallOfAgent },
  ],
  notServed: ['/api/calls/{rest...}', '/api/agents', '/api/agents/{rest...}', '/api/{name}'].map((path) => ({
    path,
    takesAnyBody: true,
    instead:
      'of Ultravox there are calls over WebSocket, which POST /api/calls and POST /api/agents/{agent_id}/calls make',
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
function readCall(body: JsonObject, bounds: MintBounds): MintRequest | MintFault {
  const { model = USUAL_MODEL } = body;
  if (typeof model !== 'string' || model === '') return { field: 'model', expected: 'the name of a model' };
  return callOf(model, body, bounds);
}

/** An agent that is kept at Ultravox has its model there: in lists and in prices it stands for one. */
function readCallOfAgent(body: JsonObject, bounds: MintBounds, { parameters }: MintPlace): MintRequest | MintFault {
  const { agent_id: agent = '' } = parameters;
  // A star would make it a pattern: a secret for every agent of the key.
  if (!/^[\w-]+$/.test(agent)) return { field: 'agent_id', expected: 'the id of an agent' };
  if (body.model !== undefined) return { field: 'model', expected: 'none: the agent has its own' };
  return callOf(agent, body, bounds);
}

function callOf(model: string, body: JsonObject, { now, openSeconds }: MintBounds): MintRequest | MintFault {
  const { medium, trunkline: own } = body;
  const socket = isObject(medium) && Object.keys(medium).length === 1 ? medium.serverWebSocket : undefined;
  if (!isObject(socket)) return { field: 'medium', expected: 'serverWebSocket and nothing else' };
  const { inputSampleRate: heard, outputSampleRate: spoken = heard } = socket;
  const sound = { upstream: 2 * Number(heard) || 0, downstream: 2 * Number(spoken) || 0 };
  return { expiresAt: now + openSeconds * 1000, uses: 1, own, model, sound };
}

/** The shape of errors is not known; clients show the body. */
function httpError(refusal: Refusal): HttpReply {
  const { code, message, help } = refusal;
  return refusalReply(refusal, { detail: message, code, ...untilOf(refusal), help });
}
