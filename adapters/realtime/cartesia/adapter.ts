// The provider Cartesia: the paths of its transcription, its speech and its agents, its credentials, the shape of its errors.

import type { AuthForm, Handshake, NotServed, Provider, Resource, ServedEndpoint } from '../contract.ts';
import { commonPlaces, isJwt } from '../handshake/credential.ts';
import { namedFirst } from '../handshake/first-names.ts';
import { valuesIn } from '../handshake/query.ts';
import { namedInQuery } from '../handshake/query-resource.ts';
import { type HttpReply, type Refusal, refusalReply, untilOf } from '../refusal.ts';
import { pcmSampleBytes } from '../sound.ts';
import { cartesiaAgentDialect } from './dialects/agent.ts';
import { cartesiaSpeechDialect } from './dialects/speech.ts';
import { cartesiaStreamDialect } from './dialects/stream.ts';
import { cartesiaTranscriptionDialect, cartesiaTurnsDialect } from './dialects/transcription.ts';
import { cartesiaMints } from './mints.ts';

/** The query of transcription has the model and the format of the sound. Audio is billed (document). */
const heard = {
  ...namedInQuery('model'),
  billedBy: 'audio-in',
  once: ['encoding', 'sample_rate'],
  soundIn: (handshake: Handshake) => ({
    upstream: pcmSampleBytes(valuesIn(handshake, 'encoding')[0]) * (Number(valuesIn(handshake, 'sample_rate')[0]) || 0),
  }),
} satisfies Partial<ServedEndpoint>;

const endpoints: readonly ServedEndpoint[] = [
  { path: '/stt/websocket', dialect: cartesiaTranscriptionDialect, ...heard },
  { path: '/stt/turns/websocket', dialect: cartesiaTurnsDialect, ...heard },
  { path: '/tts/websocket', dialect: cartesiaSpeechDialect, resources: namedFirst, billedBy: 'characters' },
  { path: '/v1/agents/websocket/{agent_id}', dialect: cartesiaAgentDialect, auth: keyOrToken, resources: agentInPath },
  { path: '/agents/stream/{agent_id}', dialect: cartesiaStreamDialect, resources: agentInPath },
];

const notServed: readonly NotServed[] = [
  ...['/stt', '/tts/bytes', '/tts/sse', '/infill/bytes', '/voices', '/voices/{rest...}', '/voice-changer/{rest...}'],
].map((path) => ({
  path,
  takesAnyBody: true,
  instead: 'of Cartesia there are transcription, speech and agents, over WebSocket',
}));

/** Cartesia, dialled with a key as a bearer (measured), for managed agents in a header of its own (document). */
export const cartesia: Provider = {
  name: 'cartesia',
  environment: ['CARTESIA_API_KEY'],
  baseUrl: 'wss://api.cartesia.ai',
  auth: 'bearer',
  endpoints,
  notServed,
  mints: cartesiaMints,
  // The version is wanted in a header or, by sockets, in the query; whether HTTP takes it there is not known.
  free: { path: '/voices?limit=1&cartesia_version=2026-08-14', refusals: [401, 403] },
  credentials: commonPlaces,
  subprotocol: 'cartesia',
  forwardedHeaders: ['user-agent', 'cartesia-version', 'x-cartesia-client'],
  switches: [],
  // Agents are billed by the minute (document).
  billing: { by: 'connected-time' },
  preconnect: true,
  httpError,
};

/** Access tokens are JWTs, which managed agents take in the query; keys have no dots. */
function keyOrToken(credential: string): AuthForm {
  return isJwt(credential) ? 'query:access_token' : 'header:x-api-key';
}

function agentInPath({ path }: Handshake): readonly Resource[] {
  return [{ kind: 'agent', name: path.slice(path.lastIndexOf('/') + 1) }];
}

/** SDKs show `message`. */
function httpError(refusal: Refusal): HttpReply {
  const { status, code, message, help } = refusal;
  const error = {
    type: 'error',
    status_code: status,
    title: code,
    message,
    error_code: code,
    ...untilOf(refusal),
    help,
  };
  return refusalReply(refusal, error);
}
