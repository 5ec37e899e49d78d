// The provider Deepgram: the paths of its agent, its transcription and its speech, its credentials, how it is dialled, the shape of its errors.

import type { SoundRates } from '../contract/metering.ts';
import type { Handshake, NotServed, Provider, ServedEndpoint } from '../contract.ts';
import { commonPlaces, isJwt } from '../handshake/credential.ts';
import { namedFirst } from '../handshake/first-names.ts';
import type { CredentialPlaces } from '../handshake/places.ts';
import { valuesIn } from '../handshake/query.ts';
import { namedInQuery } from '../handshake/query-resource.ts';
import { type HttpReply, type Refusal, refusalReply, untilOf } from '../refusal.ts';
import { deepgramAgentDialect } from './dialects/agent.ts';
import { deepgramFluxDialect, deepgramListenDialect } from './dialects/listen.ts';
import { deepgramFluxSpeakDialect, deepgramSpeakDialect } from './dialects/speak.ts';
import { deepgramMints } from './mints.ts';

/** Deepgram's SDK has the key in `Authorization: Token KEY`; in a browser it offers the subprotocols `token, KEY` or `bearer, JWT`. */
const credentials: CredentialPlaces = {
  ...commonPlaces,
  subprotocolPairs: ['token', 'bearer'],
  subprotocolPrefixes: [],
};

const forwardedHeaders = ['user-agent', 'x-deepgram-session-id'];

/** The query of these names the model, and has all settings. Without one Deepgram takes one of its own, or refuses. */
const inQuery = namedInQuery('model');

const heard = {
  ...inQuery,
  billedBy: 'audio-in',
  once: ['encoding', 'sample_rate', 'channels', 'multichannel'],
  soundIn: heardSound,
} satisfies Partial<ServedEndpoint>;

const endpoints: readonly ServedEndpoint[] = [
  {
    path: '/v1/agent/converse',
    baseUrl: 'wss://agent.deepgram.com',
    dialect: deepgramAgentDialect,
    // Document.
    maxSeconds: 2 * 60 * 60,
    resources: namedFirst,
  },
  { path: '/v1/listen', dialect: deepgramListenDialect, ...heard },
  { path: '/v2/listen', dialect: deepgramFluxDialect, ...heard },
  { path: '/v1/speak', dialect: deepgramSpeakDialect, ...inQuery, billedBy: 'characters' },
  { path: '/v2/speak', dialect: deepgramFluxSpeakDialect, ...inQuery, billedBy: 'characters' },
];

const notServed: readonly NotServed[] = [
  { method: 'GET', path: '/v1/agent/settings/think/models' },
  ...['/v1/listen', '/v2/listen', '/v1/speak', '/v2/speak'].map((path) => ({
    method: 'POST',
    path,
    takesAnyBody: true,
    instead: `${path} is served over WebSocket`,
  })),
  ...['/v1/read', '/v1/projects', '/v1/projects/{rest...}'].map((path) => ({
    path,
    takesAnyBody: true,
    instead: 'of Deepgram there are the agent, transcription and speech, over WebSocket',
  })),
];

/** Deepgram, dialled with an API key, or with the short-lived token that a client brings. */
export const deepgram: Provider = {
  name: 'deepgram',
  environment: ['DEEPGRAM_API_KEY'],
  baseUrl: 'wss://api.deepgram.com',
  // Tokens that Deepgram grants are JWTs.
  auth: (credential) => (isJwt(credential) ? 'bearer' : 'token'),
  endpoints,
  notServed,
  mints: deepgramMints,
  free: { path: '/v1/projects', refusals: [401, 403] },
  credentials,
  subprotocol: 'token',
  forwardedHeaders,
  switches: [],
  billing: { by: 'connected-time' },
  preconnect: true,
  httpError,
};

/** Returns the bytes of a sample, in encodings that have a rate. */
function sampleBytes(encoding: string | undefined): number {
  if (encoding === 'linear16') return 2;
  if (encoding === 'linear32') return 4;
  return encoding === 'mulaw' || encoding === 'alaw' ? 1 : 0;
}

/** Without an encoding there is a container, which tells nothing of its rate. Of channels that are transcribed apart each is billed (not known). */
function heardSound(handshake: Handshake): SoundRates {
  const read = (parameter: string) => valuesIn(handshake, parameter)[0];
  const channels = read('multichannel') === 'true' ? 1 : Number(read('channels')) || 1;
  return { upstream: sampleBytes(read('encoding')) * (Number(read('sample_rate')) || 0) * channels };
}

/** The shape of Deepgram's HTTP errors, without a `request_id`. */
function httpError(refusal: Refusal): HttpReply {
  const { code, message, help } = refusal;
  return refusalReply(refusal, { err_code: code, err_msg: message, ...untilOf(refusal), help });
}
