// Conversations with AssemblyAI: what it hears, a call with an agent that is cut off, and what it speaks.

import type { DialectFixture } from '../fixture.ts';

const sound = Buffer.from([0, 1, 0x7b, 0xff, 0x80, 0]);
const word = (text: string) => ({ start: 0, end: 400, confidence: 0.9, text, word_is_final: true });
const turn = (turn_order: number, transcript: string, end_of_turn: boolean, turn_is_formatted: boolean) => ({
  type: 'Turn',
  turn_order,
  turn_is_formatted,
  end_of_turn,
  transcript,
  end_of_turn_confidence: 0.8,
  words: transcript.split(' ').map(word),
});
const user = (text: string, item: string) => ({ role: 'user', text, item }) as const;

export const assemblyaiStreaming: DialectFixture = {
  query: 'speech_model=allowed&sample_rate=16000&format_turns=true',
  conversation: [
    ['provider', { type: 'Begin', id: '0c7c1d3e', expires_at: 1_800_000_000 }],
    ['client', sound],
    ['provider', { type: 'SpeechStarted', timestamp: 120 }, { mark: 'speech-started' }],
    ['provider', turn(0, 'what is', false, false)],
    [
      'provider',
      turn(0, 'what is the time', true, false),
      {
        mark: 'turn-done',
        pendingTranscriptOf: 'turn-0',
        utterances: [{ ...user('what is the time', 'turn-0'), isProvisional: true }],
      },
    ],
    [
      'provider',
      turn(0, 'What is the time?', true, true),
      { mark: 'turn-done', utterances: [user('What is the time?', 'turn-0')] },
    ],
    ['client', { type: 'UpdateConfiguration', keyterms_prompt: ['noon'] }],
    ['client', { type: 'ForceEndpoint' }],
    ['client', { type: 'KeepAlive' }],
    ['provider', { type: 'Heartbeat', total_audio_received_ms: 100, total_duration_ms: 100 }],
    ['provider', turn(1, '', true, false), { mark: 'turn-done' }],
    [
      'provider',
      turn(2, 'goodbye', true, false),
      {
        mark: 'turn-done',
        pendingTranscriptOf: 'turn-2',
        utterances: [{ ...user('goodbye', 'turn-2'), isProvisional: true }],
      },
    ],
    ['client', { type: 'Terminate' }],
    [
      'provider',
      { type: 'Termination', audio_duration_seconds: 4, session_duration_seconds: 6 },
      { usage: { cumulative: true, seconds: 6 } },
    ],
  ],
  model: 'allowed',
  usage: { cumulative: true, seconds: 6 },
  turns: [
    { user: 'What is the time?', assistant: '' },
    { user: 'goodbye', assistant: '' },
  ],
  naming: (model) => ({ type: 'UpdateConfiguration', speech_model: model }),
  errorEvent: (code, message) => ({
    type: 'Error',
    error_code: code === 'model_not_allowed' ? 4001 : 3006,
    error: message,
    error_type: code,
  }),
};

const audio = 'AAECAwQF';

export const assemblyaiAgent: DialectFixture = {
  conversation: [
    [
      'client',
      { type: 'session.update', session: { system_prompt: 'Be brief.', greeting: 'Hello!', output: { voice: 'ivy' } } },
      { model: 'voice-agent' },
    ],
    ['provider', { type: 'session.ready', session_id: 'sess_1' }, { handedOut: ['sess_1'] }],
    ['provider', { type: 'reply.started', reply_id: 'reply_1' }],
    ['provider', { type: 'reply.audio', data: audio }, { mark: 'audio' }],
    [
      'provider',
      { type: 'transcript.agent', text: 'Hello!', reply_id: 'reply_1', interrupted: false },
      { utterances: [{ role: 'assistant', text: 'Hello!' }] },
    ],
    ['provider', { type: 'reply.done' }, { mark: 'turn-done' }],
    ['client', { type: 'input.audio', audio }],
    ['provider', { type: 'input.speech.started' }, { mark: 'speech-started' }],
    ['provider', { type: 'transcript.user.delta', text: 'What is' }],
    ['provider', { type: 'input.speech.stopped' }, { mark: 'speech-stopped' }],
    [
      'provider',
      { type: 'transcript.user', text: 'What is the time?', item_id: 'item_1' },
      { utterances: [{ role: 'user', text: 'What is the time?' }] },
    ],
    [
      'provider',
      { type: 'tool.call', call_id: 'call_1', name: 'get_time', arguments: { zone: 'UTC' } },
      { toolCalls: [{ name: 'get_time', id: 'call_1' }] },
    ],
    ['client', { type: 'tool.result', call_id: 'call_1', result: '"noon"' }],
    ['provider', { type: 'reply.audio', data: audio }, { mark: 'audio' }],
    [
      'provider',
      { type: 'transcript.agent', text: 'It is', reply_id: 'reply_2', interrupted: true },
      { utterances: [{ role: 'assistant', text: 'It is' }] },
    ],
    ['provider', { type: 'reply.done', status: 'interrupted' }, { mark: 'interrupted' }],
    ['client', { type: 'reply.create', instructions: 'Say goodbye.' }, { mark: 'request' }],
    ['provider', { type: 'session.error', code: 'invalid_format', message: 'Invalid message format' }],
    ['client', { type: 'session.end' }],
    ['provider', { type: 'session.ended' }],
  ],
  model: 'voice-agent',
  usage: 'connected-time',
  turns: [
    { user: '', assistant: 'Hello!' },
    { user: 'What is the time?', assistant: 'It is', isInterrupted: true },
  ],
  naming: (model) => ({ type: 'session.update', session: { agent_id: model } }),
  errorEvent: (code, message) => ({ type: 'session.error', code, message }),
};

const flushed = { type: 'FlushDone', flush_id: 1, audio_duration_ms: 900 };

export const assemblyaiSpeech: DialectFixture = {
  query: 'model_id=allowed&voice_id=aai-jane',
  conversation: [
    [
      'provider',
      { type: 'Begin', id: '9f1', expires_at: 1_800_000_000, configuration: { model: 'assemblyai-tts-1' } },
      { model: 'assemblyai-tts-1' },
    ],
    [
      'client',
      { type: 'Generate', text: 'It is ' },
      {
        mark: 'request',
        utterances: [{ role: 'assistant', text: 'It is ', isPartial: true }],
        counts: { characters: 6 },
      },
    ],
    [
      'client',
      { type: 'Generate', text: 'noon.' },
      {
        mark: 'request',
        utterances: [{ role: 'assistant', text: 'noon.', isPartial: true }],
        counts: { characters: 5 },
      },
    ],
    ['client', { type: 'Flush' }, { mark: 'request' }],
    ['provider', { type: 'Audio', flush_id: 1, audio }, { mark: 'audio' }],
    ['provider', flushed, { mark: 'turn-done' }],
    ['provider', { type: 'WordBoundaries', flush_id: 1, audio_start_ms: 0, words: [] }],
    [
      'client',
      { type: 'Generate', text: 'Shall I go on?' },
      {
        mark: 'request',
        utterances: [{ role: 'assistant', text: 'Shall I go on?', isPartial: true }],
        counts: { characters: 14 },
      },
    ],
    ['provider', { type: 'Audio', flush_id: 2, audio }, { mark: 'audio' }],
    ['client', { type: 'Cancel' }],
    ['provider', { type: 'Cancelled', audio_duration_seconds: 0.2 }, { mark: 'interrupted' }],
    ['client', { type: 'Terminate' }],
    [
      'provider',
      { type: 'Termination', session_duration_seconds: 6, total_input_char_length: 25 },
      { usage: { cumulative: true, characters: 25 } },
    ],
  ],
  model: 'assemblyai-tts-1',
  usage: { cumulative: true, characters: 25 },
  turns: [
    { user: '', assistant: 'It is noon.' },
    { user: '', assistant: 'Shall I go on?', isInterrupted: true },
  ],
  naming: (model) => ({ type: 'Generate', text: 'a', model_id: model }),
  errorEvent: (code, message) => ({
    type: 'Error',
    error_code: 3006,
    error: message,
    error_type: code,
    retryable: false,
  }),
};
