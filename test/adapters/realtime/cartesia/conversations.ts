// Conversations with Cartesia: what it hears, what it speaks, and calls with agents.

import type { DialectFixture } from '../fixture.ts';

/** A tenth of a second at 16 kHz. */
const sound = Buffer.concat([Buffer.from([0, 1, 0x7b, 0xff, 0x80, 0]), Buffer.alloc(3194)]);
const audio = 'AAECAwQF';
const id = { request_id: 'r1' };
const user = (text: string) => ({ utterances: [{ role: 'user', text }] }) as const;
const errorEvent = (code: string, message: unknown) => ({
  type: 'error',
  status_code: code === 'model_not_allowed' ? 403 : 400,
  title: code,
  message,
  error_code: code,
  done: true,
});
const usage = { inputAudioSeconds: 0.1 };

export const cartesiaTranscription: DialectFixture = {
  query: 'model=allowed&encoding=pcm_s16le&sample_rate=16000&language=en',
  conversation: [
    ['client', sound],
    ['provider', { type: 'transcript', ...id, is_final: false, text: 'What is' }],
    ['provider', { type: 'transcript', ...id, is_final: true, text: 'What is the time?' }, user('What is the time?')],
    ['client', 'finalize'],
    ['provider', { type: 'flush_done', ...id }, { mark: 'turn-done' }],
    ['provider', { type: 'transcript', ...id, is_final: true, text: 'Goodbye.' }, user('Goodbye.')],
    ['client', 'done'],
    ['provider', { type: 'done', ...id }, { mark: 'turn-done' }],
  ],
  model: 'allowed',
  usage,
  turns: [
    { user: 'What is the time?', assistant: '' },
    { user: 'Goodbye.', assistant: '' },
  ],
  errorEvent,
};

export const cartesiaTurns: DialectFixture = {
  query: 'model=allowed&encoding=pcm_s16le&sample_rate=16000',
  conversation: [
    ['provider', { type: 'connected', ...id }],
    ['client', { type: 'config', turn: { end_threshold: 0.4 } }],
    ['client', sound],
    ['provider', { type: 'turn.start', ...id }, { mark: 'speech-started' }],
    ['provider', { type: 'turn.update', ...id, transcript: 'What is' }],
    ['provider', { type: 'turn.eager_end', ...id, transcript: 'What is' }],
    ['provider', { type: 'turn.resume', ...id }],
    [
      'provider',
      { type: 'turn.end', ...id, transcript: 'What is the time?' },
      { mark: 'turn-done', ...user('What is the time?') },
    ],
    ['client', { type: 'close' }],
  ],
  model: 'allowed',
  usage,
  turns: [{ user: 'What is the time?', assistant: '' }],
  errorEvent,
};

const request = (transcript: string, more: object = {}) => ({
  model_id: 'sonic-3',
  transcript,
  voice: { mode: 'id', id: 'v1' },
  output_format: { container: 'raw', encoding: 'pcm_s16le', sample_rate: 44_100 },
  context_id: 'c1',
  ...more,
});
const spoken = (text: string) =>
  ({
    mark: 'request',
    model: 'sonic-3',
    utterances: [{ role: 'assistant', text, isPartial: true }],
    counts: { characters: text.length },
  }) as const;
const chunk = { type: 'chunk', data: audio, done: false, status_code: 206, step_time: 12, context_id: 'c1' };

export const cartesiaSpeech: DialectFixture = {
  conversation: [
    ['client', request('It is ', { continue: true }), spoken('It is ')],
    ['client', request('noon.', { continue: false }), spoken('noon.')],
    ['provider', chunk, { mark: 'audio' }],
    ['provider', { type: 'timestamps', context_id: 'c1', done: false, status_code: 206 }],
    [
      'provider',
      { type: 'flush_done', context_id: 'c1', flush_done: true, flush_id: 1, done: false, status_code: 206 },
    ],
    ['provider', { type: 'done', context_id: 'c1', done: true, status_code: 200 }, { mark: 'turn-done' }],
    ['client', request('Shall I go on?', { context_id: 'c2' }), spoken('Shall I go on?')],
    ['provider', { ...chunk, context_id: 'c2' }, { mark: 'audio' }],
    ['client', { context_id: 'c2', cancel: true }, { mark: 'interrupted' }],
    ['provider', { type: 'error', status_code: 400, title: 'Bad request', message: 'no such voice', done: true }],
  ],
  model: 'sonic-3',
  usage: { characters: 25 },
  turns: [
    { user: '', assistant: 'It is noon.' },
    { user: '', assistant: 'Shall I go on?', isInterrupted: true },
  ],
  naming: (model) => ({ model_id: model, transcript: 'a', context_id: 'c1' }),
  errorEvent,
};

const turn = (type: string, role: 'user' | 'assistant', more: object = {}) => ({ type, turn: 1, role, ...more });
const piece = (text: string) => ({ utterances: [{ role: 'assistant', text, isPartial: true }] }) as const;

export const cartesiaAgent: DialectFixture = {
  conversation: [
    ['client', { type: 'session_create', audio: { input_format: 'pcm_44100', output_delivery: 'speaking_pace' } }],
    ['provider', { type: 'session_ready', call_id: 'ac_1', agent_id: 'allowed' }],
    ['client', { type: 'audio_input', audio }],
    ['provider', turn('turn_started', 'user', { start_time: 1 }), { mark: 'speech-started' }],
    [
      'provider',
      turn('turn_ended', 'user', { text: 'What is the time?', interrupted: false, tool_calls: [] }),
      { mark: 'speech-stopped', ...user('What is the time?') },
    ],
    ['provider', turn('turn_started', 'assistant', { start_time: 3 })],
    [
      'provider',
      {
        type: 'client_tool_call',
        tool_call_id: 'call_1',
        tool_name: 'get_time',
        parameters: {},
        expects_response: true,
      },
      { toolCalls: [{ name: 'get_time', id: 'call_1' }] },
    ],
    ['client', { type: 'client_tool_result', tool_call_id: 'call_1', result: 'noon', is_error: false }],
    ['provider', turn('turn_output_text_delta', 'assistant', { text: 'It is' }), piece('It is')],
    ['provider', turn('turn_output_text_delta', 'assistant', { text: ' noon.' }), piece(' noon.')],
    ['provider', { type: 'audio_output', audio }, { mark: 'audio' }],
    ['provider', turn('turn_ended', 'assistant', { text: 'It is noon.', interrupted: false }), { mark: 'turn-done' }],
    ['provider', turn('turn_started', 'user', { start_time: 5 }), { mark: 'speech-started' }],
    ['provider', turn('turn_ended', 'user', { text: 'Go on.' }), { mark: 'speech-stopped', ...user('Go on.') }],
    ['provider', turn('turn_output_text_delta', 'assistant', { text: 'And' }), piece('And')],
    ['provider', { type: 'audio_output', audio }, { mark: 'audio' }],
    ['provider', { type: 'audio_output_clear' }],
    ['provider', turn('turn_ended', 'assistant', { text: 'And', interrupted: true }), { mark: 'interrupted' }],
    ['client', { type: 'dtmf_input', digit: '5' }],
    ['provider', { type: 'error', code: 'invalid_event', message: 'unknown event', fatal: false }],
  ],
  model: 'allowed',
  usage: 'connected-time',
  turns: [
    { user: 'What is the time?', assistant: 'It is noon.' },
    { user: 'Go on.', assistant: 'And', isInterrupted: true },
  ],
  errorEvent: (code, message) => ({ type: 'error', code, message, fatal: true }),
};

const media = { stream_id: 's1', media: { payload: audio } };

export const cartesiaStream: DialectFixture = {
  conversation: [
    ['client', { event: 'start', stream_id: 's1', config: { input_format: 'pcm_44100' } }],
    ['provider', { event: 'ack', stream_id: 's1', config: { input_format: 'pcm_44100' } }, { isContinuous: true }],
    ['client', { event: 'media_input', ...media }],
    ['provider', { event: 'media_output', ...media }, { mark: 'audio' }],
    ['provider', { event: 'clear', stream_id: 's1' }, { mark: 'interrupted' }],
    ['client', { event: 'dtmf', stream_id: 's1', dtmf: '1' }],
    ['client', { event: 'custom', stream_id: 's1', metadata: { user: 'ann' } }],
    ['provider', { event: 'transfer_call', transfer: { target_phone_number: '+15550100' } }],
  ],
  model: 'allowed',
  usage: 'connected-time',
  turns: [{ user: '', assistant: '', isInterrupted: true }],
};
