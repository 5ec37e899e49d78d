// The provider AssemblyAI: the paths of its transcription, its agent and its speech, each on a host of its own, its credentials, the shape of its
// errors. How sure each fact is stands beside it.

import { isObject, parseJson } from '../../../codecs/json/object.ts';
import type { SoundRates } from '../contract/metering.ts';
import type { AuthForm, Handshake, Provider, Resource, ServedEndpoint } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import { valuesIn } from '../handshake/query.ts';
import { namedInQuery } from '../handshake/query-resource.ts';
import { type HttpReply, type Refusal, refusalReply, untilOf } from '../refusal.ts';
import { pcmSampleBytes } from '../sound.ts';
import { assemblyaiAgentDialect } from './dialects/agent.ts';
import { assemblyaiSpeechDialect } from './dialects/speech.ts';
import { assemblyaiStreamingDialect } from './dialects/transcription.ts';
import { assemblyaiMints } from './mints.ts';

const speechModel = namedInQuery('speech_model');

const endpoints: readonly ServedEndpoint[] = [
  {
    path: '/v3/ws',
    dialect: assemblyaiStreamingDialect,
    // Document: the most that a token can ask for, and the usual.
    maxSeconds: 3 * 60 * 60,
    resources: (handshake) => {
      const heard = speechModel.resources(handshake);
      const asked = askedModels(handshake);
      return heard === 'unknown' || asked === undefined ? 'unknown' : [...heard, ...asked];
    },
    namedIn: speechModel.namedIn,
    billedBy: ['reported-usage', 'connected-time'],
    once: ['encoding', 'sample_rate'],
    soundIn: heardSound,
  },
  {
    path: '/v1/ws',
    dialect: assemblyaiAgentDialect,
    // Document.
    maxSeconds: 3 * 60 * 60,
    baseUrl: 'wss://agents.assemblyai.com',
    auth: keyOrToken,
    resources: () => [],
  },
  // The SDK appends the path of the agent to its base URL, which tells the two apart here.
  {
    path: '/tts/v1/ws',
    dialect: assemblyaiSpeechDialect,
    baseUrl: 'wss://tts.us.assemblyai.com',
    upstreamPath: () => '/v1/ws',
    billedBy: ['reported-usage', 'characters'],
    ...namedInQuery('model_id'),
  },
];

/** AssemblyAI, dialled with a key alone in `Authorization` (measured with the SDK), and behind `Bearer` for the agent (document). */
export const assemblyai: Provider = {
  name: 'assemblyai',
  environment: ['ASSEMBLYAI_API_KEY'],
  baseUrl: 'wss://streaming.assemblyai.com',
  auth: 'raw',
  endpoints,
  mints: assemblyaiMints,
  notServed: ['/v2/upload', '/v2/transcript', '/v2/transcript/{rest...}', '/v2/realtime/{rest...}'].map((path) => ({
    path,
    takesAnyBody: true,
    instead: 'of AssemblyAI there are transcription (/v3/ws), the voice agent (/v1/ws) and speech, over WebSocket',
  })),
  free: { path: '/v3/token?expires_in_seconds=60', refusals: [401, 403] },
  credentials: commonPlaces,
  subprotocol: 'assemblyai',
  forwardedHeaders: ['user-agent', 'assemblyai-version'],
  switches: [],
  // Transcription and the agent are billed by the time that they are connected, by what the report at its end says where there is one (documents).
  billing: { by: 'connected-time' },
  preconnect: true,
  httpError,
};

/** The sound is `pcm_s16le` where the query does not say otherwise (read in the SDK). */
function heardSound(handshake: Handshake): SoundRates {
  const [encoding = 'pcm_s16le'] = valuesIn(handshake, 'encoding');
  return { upstream: pcmSampleBytes(encoding) * (Number(valuesIn(handshake, 'sample_rate')[0]) || 0) };
}

/** Keys have 32 characters (third parties), temporary tokens more; the agent takes those in the query alone (document). */
function keyOrToken(credential: string): AuthForm {
  return credential.length > 40 ? 'query:token' : 'bearer';
}

/** Models that are asked about each turn, by the parameter `llm_gateway`; undefined where it does not say which. */
function askedModels(handshake: Handshake): readonly Resource[] | undefined {
  const names = valuesIn(handshake, 'llm_gateway').map((value) => {
    const asked = parseJson(value);
    return isObject(asked) && typeof asked.model === 'string' ? asked.model : undefined;
  });
  return names.includes(undefined)
    ? undefined
    : names.flatMap((name) => (name === undefined ? [] : [{ kind: 'model', name }]));
}

/** SDKs show the text of `error`. */
function httpError(refusal: Refusal): HttpReply {
  const { code, message, help } = refusal;
  return refusalReply(refusal, { error: message, code, ...untilOf(refusal), help });
}
