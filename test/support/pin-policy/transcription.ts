// Ways round what is pinned of transcription and translation sessions.

import { MINE, type PinPolicy, writings } from './cases.ts';

const transcription = {
  type: 'transcription',
  audio: { input: { transcription: { model: 'gpt-live-transcribe', language: 'de' } } },
};

export const transcriptionPolicy: PinPolicy = {
  path: '/v1/realtime?intent=transcription',
  pinned: transcription,
  bypasses: [
    {
      what: 'the model',
      payload: {
        type: 'session.update',
        session: { type: 'transcription', audio: { input: { transcription: { model: MINE } } } },
      },
    },
    {
      what: 'the language',
      payload: {
        type: 'session.update',
        session: {
          audio: { input: { transcription: { ...transcription.audio.input.transcription, language: MINE } } },
        },
      },
    },
    {
      what: 'no transcription',
      payload: { type: 'session.update', session: { audio: { input: { transcription: null } } } },
    },
    {
      what: 'older clients',
      payload: { type: 'transcription_session.update', session: { input_audio_transcription: { model: MINE } } },
    },
    {
      what: 'a session that speaks',
      payload: { type: 'session.update', session: { type: 'realtime', instructions: MINE } },
    },
  ],
  innocent: [
    { type: 'session.update', session: { type: 'transcription', audio: { input: { turn_detection: null } } } },
    { type: 'session.update', session: transcription },
  ],
};

export const translationPolicy: PinPolicy = {
  path: '/v1/realtime/translations?model=gpt-realtime-translate',
  pinned: { model: 'gpt-realtime-translate', audio: { output: { language: 'es' } } },
  bypasses: [
    { what: 'the language', payload: { type: 'session.update', session: { audio: { output: { language: MINE } } } } },
    { what: 'the language at the top', payload: { type: 'session.update', audio: { output: { language: MINE } } } },
    { what: 'no output', payload: { type: 'session.update', session: { audio: { output: null } } } },
    { what: 'the model', payload: { type: 'session.update', session: { model: MINE } } },
    { what: 'an event of Realtime', payload: { type: 'response.create', response: { instructions: MINE } } },
    {
      what: 'a language beside sound',
      payload: { type: 'session.input_audio_buffer.append', audio: 'QUJD', session: { language: MINE } },
    },
    ...writings(
      JSON.stringify({ type: 'session.update', session: { audio: { output: { language: MINE } } } }),
      'language',
      '{"type":"session.input_audio_buffer.append","audio":"QUJD","event_id":"h"}',
    ),
  ],
  innocent: [
    { type: 'session.input_audio_buffer.append', audio: 'QUJD' },
    { type: 'session.update', session: { audio: { input: { transcription: { model: 'gpt-realtime-whisper' } } } } },
    { type: 'session.update', session: { audio: { output: { language: 'es' } } } },
    { type: 'session.close' },
  ],
};
