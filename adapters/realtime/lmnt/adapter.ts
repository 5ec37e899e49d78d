// The provider LMNT: its speech sessions, its credentials, how it is dialled, the shape of its errors. Its events are in dialect.ts.

import type { Provider } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import { namedFirst } from '../handshake/first-names.ts';
import { jsonFirstFrame } from '../handshake/json-first-frame.ts';
import { type HttpReply, type Refusal, refusalReply } from '../refusal.ts';
import { lmntDialect } from './dialect.ts';
import { lmntRefusal, lmntTypeOf } from './error-event.ts';

const firstFrame = jsonFirstFrame({
  in: 'first',
  members: ['X-API-Key'],
  resources: ({ model }) => (typeof model === 'string' ? [{ kind: 'model', name: model }] : []),
  refusalEvent: lmntRefusal,
});

/** LMNT, whose SDK has the key in the first message of a session (measured with lmnt-node 2.12), and in `X-API-Key` of requests. */
export const lmnt: Provider = {
  name: 'lmnt',
  environment: ['LMNT_API_KEY'],
  baseUrl: 'wss://api.lmnt.com',
  auth: 'first-frame',
  endpoints: [
    {
      path: '/v1/ai/speech/stream',
      dialect: lmntDialect,
      resources: namedFirst,
      firstFrame,
    },
  ],
  notServed: [
    '/v1/ai/speech',
    '/v1/ai/speech/bytes',
    '/v1/ai/speech/convert',
    '/v1/ai/voice',
    '/v1/ai/voice/{rest...}',
  ].map((path) => ({
    path,
    takesAnyBody: true,
    instead: 'of LMNT there are speech sessions, over WebSocket at /v1/ai/speech/stream',
  })),
  free: { path: '/v1/ai/voice/list', refusals: [401, 403], auth: 'header:x-api-key' },
  credentials: commonPlaces,
  subprotocol: 'lmnt',
  forwardedHeaders: ['user-agent'],
  switches: [],
  // Plans count characters (third parties): no message reports them.
  billing: { by: 'characters' },
  preconnect: true,
  httpError,
};

/** The shape of LMNT's errors: that of its events. */
function httpError(refusal: Refusal): HttpReply {
  const { status, code, message, help } = refusal;
  const error = { type: lmntTypeOf(status), message, code, help };
  return refusalReply(refusal, { type: 'error', error });
}
