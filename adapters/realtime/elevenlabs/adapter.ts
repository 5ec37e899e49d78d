// The provider ElevenLabs: the paths of its agents, of its transcription (Scribe) and of its speech, its credentials, the shape of its errors.

import type { Handshake, NotServed, Provider, ServedEndpoint } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import { jsonFirstFrame } from '../handshake/json-first-frame.ts';
import { valuesIn } from '../handshake/query.ts';
import { namedInQuery } from '../handshake/query-resource.ts';
import { type HttpReply, type Refusal, refusalReply, untilOf } from '../refusal.ts';
import { bytesPerSecond } from './audio-format.ts';
import { elevenlabsAgentDialect } from './dialects/agent.ts';
import { elevenlabsSpeechDialect, elevenlabsSpeechError } from './dialects/speech.ts';
import { elevenlabsTranscriptionDialect } from './dialects/transcription.ts';
import { elevenlabsMints } from './mints.ts';

/**
 * A key may stand in the first message, and in that of each context (`xi-api-key` of the one path, `xi_api_key` of the other: read in the SDK; the places
 * are not told apart here). It is dialled with in the header all the same.
 */
const firstFrame = jsonFirstFrame({
  in: 'each',
  members: ['xi_api_key', 'xi-api-key', 'authorization'],
  resources: () => [],
  refusalEvent: ({ code, message }) => elevenlabsSpeechError(code, message),
});

/** Voices are no models: a key that may use a model may use it with any of them. Without a model speech has the one of the account's default. */
const speech = {
  dialect: elevenlabsSpeechDialect,
  billedBy: 'characters',
  ...namedInQuery('model_id'),
  firstFrame,
} as const;

const endpoints: readonly ServedEndpoint[] = [
  {
    path: '/v1/convai/conversation',
    dialect: elevenlabsAgentDialect,
    ...namedInQuery('agent_id', { kind: 'agent' }),
  },
  {
    path: '/v1/speech-to-text/realtime',
    dialect: elevenlabsTranscriptionDialect,
    billedBy: 'audio-in',
    soundIn: (handshake: Handshake) => ({ upstream: bytesPerSecond(valuesIn(handshake, 'audio_format')[0]) }),
    ...namedInQuery('model_id'),
    once: ['audio_format'],
  },
  { path: '/v1/text-to-speech/{voice_id}/stream-input', ...speech },
  { path: '/v1/text-to-speech/{voice_id}/multi-stream-input', ...speech },
];

const overSockets =
  'of ElevenLabs there are agents (/v1/convai/conversation), transcription (/v1/speech-to-text/realtime) and speech (/v1/text-to-speech/{voice_id}/stream-input), over WebSocket';

const notServed: readonly NotServed[] = [
  {
    method: 'GET',
    path: '/v1/convai/conversation/token',
    instead: 'it is for WebRTC: GET /v1/convai/conversation/get-signed-url makes the URL of a WebSocket',
  },
  ...['/v1/text-to-speech/{rest...}', '/v1/speech-to-text', '/v1/text-to-dialogue/{rest...}'].map((path) => ({
    method: 'POST',
    path,
    takesAnyBody: true,
    instead: overSockets,
  })),
];

/**
 * ElevenLabs, dialled with an API key in a header: measured with the SDKs for Scribe; that it opens the socket of an agent, in the place of a signature,
 * is not known. The paths of agents and of Scribe: measured; of speech: documents, and the messages in the SDK.
 */
export const elevenlabs: Provider = {
  name: 'elevenlabs',
  environment: ['ELEVENLABS_API_KEY'],
  baseUrl: 'wss://api.elevenlabs.io',
  auth: 'header:xi-api-key',
  endpoints,
  notServed,
  mints: elevenlabsMints,
  free: { path: '/v1/user', refusals: [401, 403] },
  // The signature of a signed URL is measured; the token of a single use is in the SDK.
  credentials: {
    ...commonPlaces,
    parameters: ['conversation_signature', 'single_use_token', 'xi-api-key', ...commonPlaces.parameters],
  },
  subprotocol: 'convai',
  forwardedHeaders: ['user-agent'],
  switches: [],
  // Agents are billed by the minute (third parties).
  billing: { by: 'connected-time' },
  preconnect: true,
  httpError,
};

/** SDKs show the body, and `message` in `detail`. */
function httpError(refusal: Refusal): HttpReply {
  const { code, message, help } = refusal;
  return refusalReply(refusal, { detail: { status: code, message, ...untilOf(refusal), help } });
}
