// Conversations with Mistral: what it hears, by turns, and what it speaks.

import type { DialectFixture } from '../fixture.ts';

const audio = 'AAECAwQF';
const delta = (text: string) =>
  [
    'provider',
    { type: 'transcription.text.delta', text },
    { utterances: [{ role: 'user', text, isPartial: true }] },
  ] as const;
const session = {
  request_id: 'r1',
  model: 'voxtral-mini-transcribe-realtime-2602',
  audio_format: { encoding: 'pcm_s16le', sample_rate: 16_000 },
};
const learned = { model: session.model, soundBytesPerSecond: { upstream: 32_000 } };
const usage = { prompt_tokens: 120, completion_tokens: 9, total_tokens: 129 };
const tokens = { inputTokens: 120, outputTokens: 9, totalTokens: 129 };
const errorEvent = (code: string, message: unknown) => ({
  type: 'error',
  error: { message, code: code === 'model_not_allowed' ? 403 : 400, type: code },
});

export const mistralTranscription: DialectFixture = {
  query: 'model=allowed',
  conversation: [
    ['provider', { type: 'session.created', session }, learned],
    ['client', { type: 'session.update', session: { target_streaming_delay_ms: 480, diarize: true } }],
    ['provider', { type: 'session.updated', session }, learned],
    ['client', { audio, type: 'input_audio.append' }],
    ['provider', { type: 'transcription.language', audio_language: 'en' }],
    ['provider', { type: 'turn.start', time_s: 0.2 }, { mark: 'speech-started' }],
    delta('What is'),
    delta(' the time?'),
    ['provider', { type: 'turn.eager_end', time_s: 1.8 }],
    ['provider', { type: 'turn.resume', time_s: 1.9 }],
    ['provider', { type: 'turn.end', time_s: 2.4, end_reason: 'threshold' }, { mark: 'turn-done' }],
    ['client', { type: 'input_audio.flush' }],
    ['provider', { type: 'transcription.segment', text: 'What is the time?', start: 0.2, end: 1.9 }],
    delta('Goodbye.'),
    ['client', { type: 'input_audio.end' }],
    [
      'provider',
      {
        type: 'transcription.done',
        text: 'What is the time? Goodbye.',
        model: session.model,
        language: 'en',
        segments: [],
        usage: { ...usage, prompt_audio_seconds: 4 },
      },
      { mark: 'turn-done', usage: { ...tokens, inputAudioSeconds: 4 } },
    ],
  ],
  model: session.model,
  usage: { ...tokens, inputAudioSeconds: 4 },
  turns: [
    { user: 'What is the time?', assistant: '' },
    { user: 'Goodbye.', assistant: '' },
  ],
  naming: (model) => ({ type: 'session.update', session: { model } }),
  errorEvent,
};

const spoken = (text: string) =>
  ({
    mark: 'request',
    utterances: [{ role: 'assistant', text, isPartial: true }],
    counts: { characters: text.length },
  }) as const;

export const mistralSpeech: DialectFixture = {
  query: 'model=allowed',
  conversation: [
    [
      'provider',
      { type: 'session.created', session: { request_id: 'r1', model: 'voxtral-mini-tts-3', response_format: 'pcm' } },
      { model: 'voxtral-mini-tts-3' },
    ],
    ['client', { type: 'session.update', session: { voice: 'v', streaming_mode: 'responsive' } }],
    ['client', { type: 'input_text.append', text: 'It is ' }, spoken('It is ')],
    ['client', { type: 'input_text.flush', text: 'noon.' }, spoken('noon.')],
    ['provider', { type: 'speech.audio.delta', audio_data: audio }, { mark: 'audio' }],
    ['client', { type: 'input_text.end' }, { mark: 'request' }],
    ['provider', { type: 'speech.audio.done', usage }, { mark: 'turn-done', usage: tokens }],
    ['provider', { type: 'error', error: { message: 'unknown voice', code: 404 } }],
  ],
  model: 'voxtral-mini-tts-3',
  usage: { ...tokens, characters: 11 },
  turns: [{ user: '', assistant: 'It is noon.' }],
  naming: (model) => ({ type: 'session.update', session: { model } }),
  errorEvent,
};
