// A transcription by Soniox of what two people say, and a text that it speaks. The messages of the transcription are those that its SDK was seen to send.

import { type DialectFixture, IN_FRAME } from '../fixture.ts';

const sound = Buffer.from([0, 1, 0x7b, 0xff, 0x80, 0]);
const configuration = {
  api_key: IN_FRAME,
  model: 'stt-rt-v5',
  audio_format: 'pcm_s16le',
  sample_rate: 16_000,
  num_channels: 1,
  enable_endpoint_detection: true,
};
const token = (text: string, more: object = {}) => ({ text, is_final: true, confidence: 0.9, ...more });
const tokens = (some: readonly object[], more: object = {}) => ({
  tokens: some,
  final_audio_proc_ms: 20,
  total_audio_proc_ms: 40,
  ...more,
});

export const sonioxTranscription: DialectFixture = {
  conversation: [
    ['client', configuration, { model: 'stt-rt-v5' }],
    ['client', sound],
    ['provider', tokens([{ text: 'hel', is_final: false }])],
    [
      'provider',
      tokens([token('hello'), token(' there'), { text: ' y', is_final: false }]),
      { utterances: [{ role: 'user', text: 'hello there', isPartial: true }] },
    ],
    ['client', { type: 'keepalive' }],
    [
      'provider',
      tokens([token(' you'), token('<end>')]),
      { mark: 'turn-done', utterances: [{ role: 'user', text: ' you', isPartial: true }] },
    ],
    ['client', sound],
    [
      'provider',
      tokens([token('buenos días', { translation_status: 'original', language: 'es' })]),
      { utterances: [{ role: 'user', text: 'buenos días', isPartial: true }] },
    ],
    [
      'provider',
      tokens([token('good day', { translation_status: 'translation', language: 'en' })]),
      { utterances: [{ role: 'assistant', text: 'good day', isPartial: true }] },
    ],
    ['client', { type: 'finalize' }],
    ['provider', tokens([token('<fin>')]), { mark: 'turn-done' }],
    ['client', ''],
    ['provider', tokens([], { finished: true }), { mark: 'turn-done' }],
    ['provider', { error_code: 503, error_message: 'Cannot continue request.' }],
  ],
  model: 'stt-rt-v5',
  usage: 'connected-time',
  turns: [
    { user: 'hello there you', assistant: '' },
    { user: 'buenos días', assistant: 'good day' },
  ],
  naming: (model) => ({ api_key: IN_FRAME, model, audio_format: 'auto' }),
  errorEvent: (code, message) => ({
    error_code: code === 'model_not_allowed' ? 403 : 400,
    error_type: code,
    error_message: message,
  }),
};

const stream = (id: string) => ({
  api_key: IN_FRAME,
  model: 'tts-rt-v1',
  language: 'en',
  voice: 'Adrian',
  audio_format: 'pcm_s16le',
  stream_id: id,
});
const text = (text: string, stream_id: string, text_end = false) => ({ text, text_end, stream_id });
const spoken = (stream_id: string) => ({ audio: sound.toString('base64'), audio_end: false, stream_id });
const words = (text: string) => ({
  mark: 'request' as const,
  utterances: [{ role: 'assistant' as const, text, isPartial: true as const }],
});

export const sonioxSpeech: DialectFixture = {
  conversation: [
    ['client', stream('s1'), { mark: 'request', model: 'tts-rt-v1' }],
    ['client', text('Hello', 's1'), words('Hello')],
    ['client', text(' there.', 's1', true), words(' there.')],
    ['provider', spoken('s1'), { mark: 'audio' }],
    ['provider', spoken('s1'), { mark: 'audio' }],
    ['client', { keep_alive: true }],
    ['provider', { audio_end: true, stream_id: 's1' }],
    ['provider', { terminated: true, stream_id: 's1' }, { mark: 'turn-done' }],
    ['client', stream('s2'), { mark: 'request', model: 'tts-rt-v1' }],
    ['client', text('Never mind.', 's2'), words('Never mind.')],
    ['client', { stream_id: 's2', cancel: true }, { mark: 'interrupted' }],
    ['provider', { error_code: 503, error_message: 'Cannot continue.', stream_id: 's2' }, { mark: 'turn-done' }],
  ],
  model: 'tts-rt-v1',
  usage: 'connected-time',
  turns: [
    { user: '', assistant: 'Hello there.' },
    { user: '', assistant: 'Never mind.', isInterrupted: true },
  ],
  naming: (model) => ({ ...stream('s1'), model }),
  errorEvent: (code, message) => ({
    error_code: code === 'model_not_allowed' ? 403 : 400,
    error_type: code,
    error_message: message,
  }),
};
