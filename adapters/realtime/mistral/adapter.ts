// The provider Mistral: the paths of its transcription and of its speech, its credentials, the shape of its errors.

import type { Provider } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import { namedInQuery } from '../handshake/query-resource.ts';
import { type HttpReply, type Refusal, refusalReply, untilOf } from '../refusal.ts';
import { mistralSpeechDialect } from './dialects/speech.ts';
import { mistralTranscriptionDialect } from './dialects/transcription.ts';
import { mistralMints } from './mints.ts';

const inQuery = namedInQuery('model');

/** Mistral, dialled with a key as a bearer (measured). */
export const mistral: Provider = {
  name: 'mistral',
  environment: ['MISTRAL_API_KEY'],
  baseUrl: 'wss://api.mistral.ai',
  auth: 'bearer',
  endpoints: [
    { path: '/v1/audio/transcriptions/realtime', dialect: mistralTranscriptionDialect, ...inQuery },
    {
      path: '/v1/audio/speech/realtime',
      dialect: mistralSpeechDialect,
      ...inQuery,
      billedBy: ['reported-usage', 'characters'],
    },
  ],
  mints: mistralMints,
  notServed: ['/v1/ocr', '/v1/fim/completions', '/v1/agents/completions'].map((path) => ({
    path,
    takesAnyBody: true,
    instead:
      'of Mistral there are transcription and speech over WebSocket, and its models as targets of POST /v1/chat/completions',
  })),
  free: { path: '/v1/models', refusals: [401, 403] },
  credentials: commonPlaces,
  subprotocol: 'mistral',
  forwardedHeaders: ['user-agent'],
  switches: [],
  // Its reports have tokens, and the seconds of audio that were heard; speech is billed by characters (third parties).
  billing: { by: ['reported-usage', 'audio-in'], priceListName: 'mistral' },
  preconnect: true,
  httpError,
};

/** SDKs show the whole body. */
function httpError(refusal: Refusal): HttpReply {
  const { status, code, message, param: field, help } = refusal;
  const error = {
    object: 'error',
    message,
    type: code,
    param: field ?? null,
    code: String(status),
    ...untilOf(refusal),
    help,
  };
  return refusalReply(refusal, error);
}
