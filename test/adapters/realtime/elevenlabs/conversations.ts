// Conversations with ElevenLabs: a call with an agent, what Scribe hears, and what is spoken.

import { type DialectFixture, IN_FRAME } from '../fixture.ts';

const audio = 'AAEAAgADAAQABQAG';

export const elevenlabsAgent: DialectFixture = {
  query: 'agent_id=allowed&source=python_sdk&version=2.78.0',
  conversation: [
    [
      'client',
      {
        type: 'conversation_initiation_client_data',
        custom_llm_extra_body: {},
        conversation_config_override: {},
        dynamic_variables: {},
        source_info: { source: 'python_sdk', version: '2.78.0' },
      },
    ],
    [
      'provider',
      {
        type: 'conversation_initiation_metadata',
        conversation_initiation_metadata_event: {
          conversation_id: 'c1',
          agent_output_audio_format: 'pcm_24000',
          user_input_audio_format: 'ulaw_8000',
        },
      },
      { isContinuous: true, soundBytesPerSecond: { upstream: 8000, downstream: 48_000 } },
    ],
    ['provider', { type: 'ping', ping_event: { event_id: 1, ping_ms: 50 } }],
    ['client', { type: 'pong', event_id: 1 }],
    ['client', { user_audio_chunk: audio }],
    ['provider', { type: 'vad_score', vad_score_event: { vad_score: 0.9 } }],
    [
      'provider',
      { type: 'user_transcript', user_transcription_event: { user_transcript: 'What is the time?', event_id: 2 } },
      { mark: 'speech-stopped', utterances: [{ role: 'user', text: 'What is the time?' }] },
    ],
    ['provider', { type: 'audio', audio_event: { audio_base_64: audio, event_id: 3 } }, { mark: 'audio' }],
    ['provider', { audio_event: { audio_base_64: audio, event_id: 3 }, type: 'audio' }, { mark: 'audio' }],
    [
      'provider',
      { type: 'agent_response', agent_response_event: { agent_response: 'It is noon.', event_id: 3 } },
      { mark: 'text', utterances: [{ role: 'assistant', text: 'It is noon.' }] },
    ],
    [
      'provider',
      {
        type: 'client_tool_call',
        client_tool_call: { tool_name: 'ring', tool_call_id: 't1', parameters: {}, event_id: 4 },
      },
      { toolCalls: [{ name: 'ring', id: 't1' }] },
    ],
    ['client', { type: 'client_tool_result', tool_call_id: 't1', result: 'rung', is_error: false }],
    ['client', { type: 'user_message', text: 'hi' }, { mark: 'request', utterances: [{ role: 'user', text: 'hi' }] }],
  ],
  model: 'allowed',
  usage: 'connected-time',
  turns: [{ user: 'What is the time?\nhi', assistant: 'It is noon.' }],
  context: 'behind-first-answer',
  naming: (model) => ({
    type: 'conversation_initiation_client_data',
    conversation_config_override: { agent: { prompt: { llm: model } } },
  }),
  errorEvent: (code, message) => ({
    type: 'error',
    error_event: { code: 1008, error_type: 'invalid_message', reason: code, message },
  }),
};

const chunk = { message_type: 'input_audio_chunk', audio_base_64: audio, commit: false, sample_rate: 8000 };

export const elevenlabsTranscription: DialectFixture = {
  query: 'model_id=allowed&audio_format=ulaw_8000&commit_strategy=manual',
  conversation: [
    ['provider', { message_type: 'session_started', session_id: 's1', config: {} }],
    ['client', chunk],
    ['client', chunk],
    ['provider', { message_type: 'partial_transcript', text: 'What' }, { mark: 'speech-started' }],
    ['client', { ...chunk, audio_base_64: '', commit: true }],
    [
      'provider',
      { message_type: 'committed_transcript', text: 'What is the time?' },
      { mark: 'turn-done', utterances: [{ role: 'user', text: 'What is the time?' }] },
    ],
    ['provider', { message_type: 'committed_transcript_with_timestamps', text: 'What is the time?', words: [] }],
  ],
  model: 'allowed',
  // Twelve bytes twice.
  usage: { inputAudioSeconds: 0.003 },
  turns: [{ user: 'What is the time?', assistant: '' }],
  errorEvent: (_code, message) => ({ message_type: 'error', error: message }),
};

const said = (text: string) => ({
  mark: 'request' as const,
  utterances: [{ role: 'assistant' as const, text, isPartial: true as const }],
  counts: { characters: text.length },
});

export const elevenlabsSpeech: DialectFixture = {
  query: 'model_id=allowed&output_format=pcm_16000',
  conversation: [
    [
      'client',
      { text: ' ', 'xi-api-key': IN_FRAME, voice_settings: { stability: 0.5 } },
      { counts: { characters: 1 } },
    ],
    ['client', { text: 'It is ' }, said('It is ')],
    ['client', { text: 'noon. ', flush: true }, said('noon. ')],
    ['provider', { audio, isFinal: null, normalizedAlignment: null, alignment: null }, { mark: 'audio' }],
    ['client', { text: '' }],
    ['provider', { audio: null, isFinal: true }, { mark: 'turn-done' }],
  ],
  model: 'allowed',
  usage: { characters: 13 },
  turns: [{ user: '', assistant: 'It is noon.' }],
  errorEvent: (code, message) => ({ error: code, message, code: 1008 }),
};
