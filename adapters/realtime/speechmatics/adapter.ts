// The provider Speechmatics: its realtime transcription and its voice agents (Flow), each on a host of its own, its credentials, the shape of its
// errors. Its events are in transcription.ts and flow.ts.

import type { Provider } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import { namedFirst } from '../handshake/first-names.ts';
import { type HttpReply, type Refusal, refusalReply } from '../refusal.ts';
import { speechmaticsTypeOf } from './error-event.ts';
import { speechmaticsFlowDialect } from './flow.ts';
import { speechmaticsMints } from './mints.ts';
import { speechmaticsDialect } from './transcription.ts';

/** Speechmatics, dialled with an API key or a JWT behind `Bearer`, as its Python does it (third parties); its JavaScript has `?jwt=` (measured). */
export const speechmatics: Provider = {
  name: 'speechmatics',
  environment: ['SPEECHMATICS_API_KEY'],
  baseUrl: 'wss://eu2.rt.speechmatics.com',
  auth: 'bearer',
  endpoints: [
    // Read in the SDK.
    { path: '/v2', dialect: speechmaticsDialect, resources: namedFirst, maxSeconds: 48 * 60 * 60 },
    {
      path: '/v1/flow',
      baseUrl: 'wss://flow.api.speechmatics.com',
      dialect: speechmaticsFlowDialect,
      resources: () => [],
      billedBy: 'connected-time',
    },
  ],
  mints: speechmaticsMints,
  notServed: [],
  free: { path: '/v2/jobs?limit=1', refusals: [401, 403], baseUrl: 'https://asr.api.speechmatics.com' },
  credentials: { ...commonPlaces, parameters: [...commonPlaces.parameters, 'jwt'] },
  subprotocol: 'speechmatics',
  forwardedHeaders: ['user-agent'],
  switches: [],
  // Transcription is billed by the hour of audio, Flow by its time (documents): neither is reported.
  billing: { by: 'audio-in' },
  preconnect: true,
  httpError,
};

/** The shape of its HTTP errors (document). Its SDKs show the status alone. */
function httpError(refusal: Refusal): HttpReply {
  const { status, code, message, help } = refusal;
  return refusalReply(refusal, { code: status, error: speechmaticsTypeOf(code), detail: message, help });
}
