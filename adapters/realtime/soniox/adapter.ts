// The provider Soniox: its sockets for transcription and for speech, its credentials, how it is dialled. Its events are in transcription.ts and
// speech.ts.

import type { Provider } from '../contract.ts';
import { commonPlaces } from '../handshake/credential.ts';
import { namedFirst } from '../handshake/first-names.ts';
import { sonioxHttpError } from './errors.ts';
import { sonioxFirstFrame } from './first-frame.ts';
import { sonioxMints } from './mints.ts';
import { sonioxSpeechDialect } from './speech.ts';
import { sonioxTranscriptionDialect } from './transcription.ts';

/** Soniox's JavaScript has the key in the first message (measured), its Python in `Authorization: Bearer` (third party). */
export const soniox: Provider = {
  name: 'soniox',
  environment: ['SONIOX_API_KEY'],
  baseUrl: 'wss://stt-rt.soniox.com',
  auth: 'first-frame',
  endpoints: [
    {
      path: '/transcribe-websocket',
      dialect: sonioxTranscriptionDialect,
      // Document. Of speech each stream ends after two minutes, the session does not.
      maxSeconds: 5 * 60 * 60,
      resources: namedFirst,
      firstFrame: sonioxFirstFrame('first'),
    },
    {
      path: '/tts-websocket',
      baseUrl: 'wss://tts-rt.soniox.com',
      dialect: sonioxSpeechDialect,
      resources: namedFirst,
      firstFrame: sonioxFirstFrame('each'),
    },
  ],
  mints: sonioxMints,
  notServed: [],
  free: { path: '/v1/models', refusals: [401], baseUrl: 'https://api.soniox.com', auth: 'bearer' },
  credentials: commonPlaces,
  subprotocol: 'soniox',
  forwardedHeaders: ['user-agent'],
  switches: [],
  // A stream is billed for its whole duration, also while it is paused (read in @soniox/node 2.3); text and sound of speech are not reported.
  billing: { by: 'connected-time' },
  preconnect: true,
  httpError: sonioxHttpError,
};
