// Conversations with Deepgram's transcription and speech, in both versions.

import type { DialectFixture } from '../fixture.ts';

const sound = Buffer.from([0, 1, 0x7b, 0xff, 0x80, 0]);
const common = {
  query: 'model=allowed&encoding=mulaw&sample_rate=1000',
  model: 'allowed',
  errorEvent: (code: string, message: unknown) => ({ type: 'Error', code, description: message }),
};

const result = (transcript: string, { start = 0, isFinal = false, isEnd = false }) => ({
  type: 'Results',
  channel_index: [0, 1],
  duration: 1.5,
  start,
  is_final: isFinal,
  speech_final: isEnd,
  channel: { alternatives: [{ transcript, confidence: 0.99, words: [] }] },
  metadata: { request_id: 'r1', model_info: { name: 'nova-3', version: '1', arch: 'nova-3' }, model_uuid: 'u' },
});
const user = (text: string) => [{ role: 'user', text }] as const;

export const listen: DialectFixture = {
  ...common,
  conversation: [
    ['client', sound],
    ['client', { type: 'KeepAlive' }],
    ['provider', { type: 'SpeechStarted', channel: [0, 1], timestamp: 0.1 }, { mark: 'speech-started' }],
    ['provider', result('What', {})],
    ['provider', result('What is', { isFinal: true }), { utterances: user('What is') }],
    [
      'provider',
      result('the time?', { start: 1.5, isFinal: true, isEnd: true }),
      { utterances: user('the time?'), mark: 'turn-done' },
    ],
    ['client', { type: 'Configure', keyterms: ['noon'] }],
    ['provider', { type: 'ConfigureSuccess', request_id: 'r1', keyterms: ['noon'] }],
    ['client', sound],
    ['provider', result('It is noon.', { start: 3, isFinal: true }), { utterances: user('It is noon.') }],
    ['provider', { type: 'UtteranceEnd', channel: [0, 1], last_word_end: 4 }, { mark: 'turn-done' }],
    ['client', { type: 'Finalize' }],
    ['provider', result('', { start: 4.5, isFinal: true })],
    ['client', { type: 'CloseStream' }],
    [
      'provider',
      {
        type: 'Metadata',
        transaction_key: 'deprecated',
        request_id: 'r1',
        sha256: 's',
        created: 'c',
        duration: 6.1,
        channels: 1,
      },
    ],
  ],
  usage: { inputAudioSeconds: 0.012 },
  turns: [
    { user: 'What is\nthe time?', assistant: '' },
    { user: 'It is noon.', assistant: '' },
  ],
  errorEvent: (code, message) => ({ type: 'Error', variant: code, description: message, code }),
};

const turn = (event: string, transcript: string, at: number) => ({
  type: 'TurnInfo',
  request_id: 'r1',
  sequence_id: 1,
  event,
  turn_index: 0,
  audio_window_start: 0,
  audio_window_end: at,
  transcript,
  words: [],
  end_of_turn_confidence: 0.8,
});

export const flux: DialectFixture = {
  ...common,
  conversation: [
    ['provider', { type: 'Connected', request_id: 'r1', sequence_id: 0 }],
    ['client', sound],
    ['provider', turn('Update', '', 0.2)],
    ['provider', turn('StartOfTurn', 'What', 0.4), { mark: 'speech-started' }],
    ['provider', turn('EagerEndOfTurn', 'What is', 0.8)],
    ['provider', turn('TurnResumed', 'What is the', 1)],
    [
      'provider',
      { ...turn('EndOfTurn', 'What is the time?', 1.6), trigger: 'model' },
      { utterances: user('What is the time?'), mark: 'turn-done' },
    ],
    ['client', { type: 'Configure', thresholds: { eot_threshold: 0.8 } }],
    [
      'provider',
      { type: 'ConfigureSuccess', request_id: 'r1', sequence_id: 7, thresholds: { eot_threshold: 0.8 }, keyterms: [] },
    ],
    ['client', { type: 'ForceEndTurn' }],
    ['provider', { type: 'Warning', request_id: 'r1', sequence_id: 8, code: 'SLOW', description: 'It takes long.' }],
    ['client', { type: 'CloseStream' }],
    ['provider', { type: 'Error', sequence_id: 9, code: 'INTERNAL_SERVER_ERROR', description: 'It broke.' }],
  ],
  usage: { inputAudioSeconds: 0.006 },
  turns: [{ user: 'What is the time?', assistant: '' }],
};

const piece = (text: string) => [{ role: 'assistant', text, isPartial: true }] as const;

export const speak: DialectFixture = {
  ...common,
  conversation: [
    [
      'client',
      { type: 'Speak', text: 'Hello ' },
      { mark: 'request', utterances: piece('Hello '), counts: { characters: 6 } },
    ],
    [
      'client',
      { type: 'Speak', text: 'there.' },
      { mark: 'request', utterances: piece('there.'), counts: { characters: 6 } },
    ],
    ['client', { type: 'Flush' }, { mark: 'request' }],
    [
      'provider',
      { type: 'Metadata', request_id: 'r1', model_name: 'aura-2-thalia-en', model_version: '1', model_uuid: 'u' },
    ],
    ['provider', sound, { mark: 'audio' }],
    ['provider', { type: 'Flushed', sequence_id: 0 }, { mark: 'turn-done' }],
    [
      'client',
      { type: 'Speak', text: 'Good' },
      { mark: 'request', utterances: piece('Good'), counts: { characters: 4 } },
    ],
    ['provider', sound, { mark: 'audio' }],
    ['client', { type: 'Clear' }],
    ['provider', { type: 'Cleared', sequence_id: 1 }, { mark: 'interrupted' }],
    ['provider', { type: 'Warning', code: 'EXCEEDED_FLUSH_LIMIT', description: 'Too many.' }],
    ['client', { type: 'Close' }],
  ],
  usage: { characters: 16 },
  turns: [
    { user: '', assistant: 'Hello there.' },
    { user: '', assistant: 'Good', isInterrupted: true },
  ],
};

const spoken = {
  speech_id: 'dg_sp_0123456789ab',
  audio_duration_ms: 800,
  input_character_count: 6,
  billable_character_count: 6,
  controls_applied: { pronunciations_applied: 0, breaks_applied: 0, pronunciation_warnings: 0 },
};

export const fluxSpeak: DialectFixture = {
  ...common,
  conversation: [
    [
      'provider',
      { type: 'Connected', request_id: 'r1', model_name: 'flux-haley-en', model_version: '1', model_uuids: ['u'] },
    ],
    [
      'client',
      { type: 'Speak', text: 'Hello.' },
      { mark: 'request', utterances: piece('Hello.'), counts: { characters: 6 } },
    ],
    ['client', { type: 'Flush' }, { mark: 'request' }],
    ['provider', { type: 'SpeechStarted', speech_id: spoken.speech_id }],
    ['provider', { type: 'Flushed', speech_id: spoken.speech_id }],
    ['provider', sound, { mark: 'audio' }],
    ['provider', { type: 'SpeechMetadata', ...spoken }, { mark: 'turn-done' }],
    ['client', { type: 'Configure', speed: 1.1 }],
    ['provider', { type: 'ConfigureSuccess', applied: { speed: 1.1 } }],
    [
      'client',
      { type: 'Speak', text: 'Good morning.' },
      { mark: 'request', utterances: piece('Good morning.'), counts: { characters: 13 } },
    ],
    ['provider', sound, { mark: 'audio' }],
    ['client', { type: 'Interrupt', playback_offset: { type: 'time_ms', value: 900 } }],
    [
      'provider',
      {
        type: 'SpeechInterrupted',
        audio_played_ms: 900,
        text_spoken: 'Good',
        text_remaining: ' morning.',
        metadata: spoken,
      },
      { mark: 'interrupted' },
    ],
    ['client', { type: 'Close' }],
    [
      'provider',
      {
        type: 'SessionMetadata',
        total_audio_duration_ms: 900,
        total_input_character_count: 19,
        total_billable_character_count: 19,
      },
    ],
  ],
  usage: { characters: 19 },
  turns: [
    { user: '', assistant: 'Hello.' },
    { user: '', assistant: 'Good morning.', isInterrupted: true },
  ],
};
