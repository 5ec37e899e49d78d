// One conversation in each dialect of OpenAI.

import { expect } from 'vitest';
import type { DialectFixture, FixtureMessage } from '../fixture.ts';

const SOUND = 'AAEAAgAD';
const error = (code: string, message: unknown) => ({ type: 'invalid_request_error', code, message, param: null });
const eventId = expect.stringMatching(/^event_\w+$/);
const session = { type: 'realtime', model: 'gpt-realtime-2.1', output_modalities: ['audio'] };
const toolCall = { type: 'function_call', call_id: 'c1', name: 'get_weather', arguments: '{"city":"Bern"}' };
const asked = [{ name: 'get_weather', id: 'c1' }];
const tokens = (input: number, output: number) => ({
  total_tokens: input + output,
  input_tokens: input,
  output_tokens: output,
});
const counted = (input: number, output: number) => ({
  totalTokens: input + output,
  inputTokens: input,
  outputTokens: output,
});

export const realtime: DialectFixture = {
  query: 'model=allowed',
  conversation: [
    ['provider', { type: 'session.created', event_id: 'e1', session }, { model: 'gpt-realtime-2.1' }],
    ['client', { type: 'session.update', session: { type: 'realtime', instructions: 'Be brief.' } }],
    ['client', { type: 'input_audio_buffer.append', audio: SOUND }],
    ['provider', { type: 'input_audio_buffer.speech_started', item_id: 'i1' }, { mark: 'speech-started' }],
    ['provider', { type: 'input_audio_buffer.speech_stopped', item_id: 'i1' }, { mark: 'speech-stopped' }],
    ['provider', { type: 'input_audio_buffer.committed', item_id: 'i1' }, { pendingTranscriptOf: 'i1' }],
    ['provider', { type: 'response.created', response: { id: 'r1', status: 'in_progress' } }],
    [
      'provider',
      {
        type: 'conversation.item.input_audio_transcription.completed',
        item_id: 'i1',
        transcript: 'Hello',
        usage: { type: 'tokens', ...tokens(8, 2) },
      },
      { utterances: [{ role: 'user', text: 'Hello', item: 'i1' }], usage: counted(8, 2), usageOf: 'transcription' },
    ],
    ['provider', { type: 'response.output_audio.delta', response_id: 'r1', delta: SOUND }, { mark: 'audio' }],
    [
      'provider',
      { type: 'response.output_audio_transcript.done', response_id: 'r1', transcript: 'Hi there.' },
      { utterances: [{ role: 'assistant', text: 'Hi there.' }] },
    ],
    [
      'provider',
      { type: 'response.done', response: { id: 'r1', status: 'completed', output: [toolCall], usage: tokens(40, 60) } },
      { mark: 'turn-done', usage: counted(40, 60), toolCalls: asked },
    ],
    [
      'client',
      {
        type: 'conversation.item.create',
        item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'And now?' }] },
      },
      { utterances: [{ role: 'user', text: 'And now?' }], counts: { messages: 1 } },
    ],
    ['client', { type: 'response.create' }, { mark: 'request' }],
    ['provider', { type: 'response.output_text.delta', response_id: 'r2', delta: 'Bye.' }, { mark: 'text' }],
    [
      'provider',
      { type: 'response.output_text.done', response_id: 'r2', text: 'Bye.' },
      { utterances: [{ role: 'assistant', text: 'Bye.' }] },
    ],
    [
      'provider',
      { type: 'response.done', response: { id: 'r2', status: 'cancelled', usage: tokens(10, 1) } },
      { mark: 'interrupted', usage: counted(10, 1) },
    ],
  ],
  model: 'gpt-realtime-2.1',
  usage: counted(58, 63),
  turns: [
    { user: 'Hello', assistant: 'Hi there.' },
    { user: 'And now?', assistant: 'Bye.', isInterrupted: true },
  ],
  context: 'ahead-of-all',
  naming: (model) => ({ type: 'session.update', session: { type: 'realtime', model } }),
  errorEvent: (code, message) => ({
    type: 'error',
    event_id: eventId,
    error: { ...error(code, message), event_id: null },
  }),
};

/** The same in the words of the beta. */
const BETA_WORDS: readonly (readonly [string, string])[] = [
  ['response.output_audio.delta', 'response.audio.delta'],
  ['response.output_audio_transcript.done', 'response.audio_transcript.done'],
  ['response.output_text.delta', 'response.text.delta'],
  ['response.output_text.done', 'response.text.done'],
];

const inBeta = (payload: FixtureMessage[1]): FixtureMessage[1] => {
  if (typeof payload === 'string') return payload;
  const [, beta] = BETA_WORDS.find(([now]) => 'type' in payload && payload.type === now) ?? [];
  return beta === undefined ? payload : { ...payload, type: beta };
};

export const realtimeBeta: DialectFixture = {
  ...realtime,
  conversation: realtime.conversation.map(([from, payload, learned]) => [from, inBeta(payload), learned]),
};

export const translation: DialectFixture = {
  query: 'model=allowed',
  conversation: [
    [
      'provider',
      { type: 'session.created', session: { type: 'translation', model: 'gpt-realtime-translate' } },
      { model: 'gpt-realtime-translate', isContinuous: true },
    ],
    ['client', { type: 'session.update', session: { audio: { output: { language: 'de' } } } }],
    ['client', { type: 'session.input_audio_buffer.append', audio: SOUND }],
    [
      'provider',
      { type: 'session.input_transcript.delta', delta: 'Good morning' },
      { utterances: [{ role: 'user', text: 'Good morning', isPartial: true }] },
    ],
    ['provider', { type: 'session.output_audio.delta', delta: SOUND }, { mark: 'audio' }],
    [
      'provider',
      { type: 'session.output_transcript.delta', delta: 'Guten Morgen' },
      { utterances: [{ role: 'assistant', text: 'Guten Morgen', isPartial: true }] },
    ],
  ],
  model: 'gpt-realtime-translate',
  usage: 'connected-time',
  turns: [{ user: 'Good morning', assistant: 'Guten Morgen' }],
  naming: realtime.naming,
  errorEvent: (code, message) => realtime.errorEvent?.(code, message),
};

export const live: DialectFixture = {
  conversation: [
    ['client', { type: 'session.start', session: { model: 'gpt-live', instructions: 'Be brief.' } }],
    [
      'provider',
      { type: 'session.started', session: { id: 's1', model: 'gpt-live' } },
      { model: 'gpt-live', isContinuous: true, handedOut: ['s1'] },
    ],
    ['client', { type: 'session.input_audio.append', audio: SOUND }],
    [
      'provider',
      { type: 'session.input_transcript.delta', delta: 'Hello' },
      { utterances: [{ role: 'user', text: 'Hello', isPartial: true }] },
    ],
    ['provider', { type: 'session.output_audio.delta', delta: SOUND }, { mark: 'audio' }],
    [
      'provider',
      { type: 'session.output_transcript.delta', delta: 'Hi there.' },
      { utterances: [{ role: 'assistant', text: 'Hi there.', isPartial: true }] },
    ],
    [
      'provider',
      { type: 'session.usage.updated', usage: { type: 'duration', seconds: 5 } },
      { usage: { cumulative: true, seconds: 5 } },
    ],
    [
      'provider',
      { type: 'session.closed', reason: 'expired', usage: { type: 'duration', seconds: 9 } },
      { usage: { cumulative: true, seconds: 9 } },
    ],
  ],
  model: 'gpt-live',
  usage: { cumulative: true, seconds: 9 },
  turns: [{ user: 'Hello', assistant: 'Hi there.' }],
  naming: (model) => ({ type: 'session.start', session: { model } }),
  errorEvent: (code, message) => ({ type: 'error', event_id: eventId, error: error(code, message) }),
};

/** A copy of a stored session. */
export const liveFork: DialectFixture = {
  ...live,
  conversation: [['client', { type: 'session.start', session: {} }], ...live.conversation.slice(1)],
};

/** The session of an agent, which its provider starts. */
export const liveAgent: DialectFixture = { ...live, conversation: live.conversation.slice(1) };

/** The model is in the query. */
export const qwenAudioLive: DialectFixture = {
  ...live,
  query: 'model=qwen-audio-allowed-live',
  conversation: [
    ['client', { type: 'session.update', session: { instructions: 'Be brief.' } }],
    ['provider', { type: 'session.updated', session: { id: 's1' } }, { isContinuous: true, handedOut: ['s1'] }],
    ...live.conversation.slice(2),
  ],
  model: 'qwen-audio-allowed-live',
  naming: (model) => ({ type: 'session.update', session: { model } }),
};

/** A socket beside a session: the bill and the words are that session's. */
export const liveAttach: DialectFixture = {
  conversation: [
    [
      'provider',
      { type: 'session.started', event_id: 'e1', session: { id: 's1', model: 'gpt-live' } },
      { model: 'gpt-live', isContinuous: true },
    ],
    ['provider', { type: 'session.input_audio.append', audio: SOUND }],
    ['provider', { type: 'session.output_audio.delta', delta: SOUND, start_ms: 0, end_ms: 20 }, { mark: 'audio' }],
    ['provider', { type: 'session.output_transcript.delta', event_id: 'e2', delta: 'Hi', start_ms: 0, end_ms: 20 }],
    ['client', { type: 'session.thinking.append', content: 'The order is late.', delegation_id: null }],
    ['provider', { type: 'session.thinking.appended', event_id: 'e3', start_ms: 20, end_ms: 20 }],
    ['client', { type: 'transport.dtmf.send', event: '5' }],
    ['provider', { type: 'session.usage.updated', event_id: 'e4', usage: { seconds: 5 } }],
  ],
  model: 'gpt-live',
  usage: {},
  turns: [{ user: '', assistant: '' }],
  naming: (model) => ({ type: 'session.update', session: { delegation: { type: 'responses', responses: { model } } } }),
  errorEvent: (code, message) => live.errorEvent?.(code, message),
};

export const responses: DialectFixture = {
  conversation: [
    [
      'client',
      { type: 'response.create', model: 'gpt-5', input: 'Hello' },
      { mark: 'request', utterances: [{ role: 'user', text: 'Hello' }] },
    ],
    [
      'provider',
      { type: 'response.created', response: { id: 'r1', model: 'gpt-5-2025' } },
      { model: 'gpt-5-2025', handedOut: ['r1'] },
    ],
    [
      'provider',
      { type: 'response.output_item.added', output_index: 0, item: { id: 'fc1', ...toolCall, arguments: '' } },
      { handedOut: ['fc1'], toolCalls: asked },
    ],
    ['provider', { type: 'response.output_text.delta', delta: 'Hi' }, { mark: 'text' }],
    ['provider', { type: 'response.output_audio.delta', delta: SOUND }, { mark: 'audio' }],
    [
      'provider',
      { type: 'response.output_text.done', text: 'Hi there.' },
      { utterances: [{ role: 'assistant', text: 'Hi there.' }] },
    ],
    [
      'provider',
      { type: 'response.completed', response: { id: 'r1', model: 'gpt-5-2025', usage: tokens(4, 6) } },
      { mark: 'turn-done', usage: counted(4, 6), usageOf: { model: 'gpt-5-2025' }, handedOut: ['r1'] },
    ],
  ],
  model: 'gpt-5-2025',
  usage: counted(4, 6),
  turns: [{ user: 'Hello', assistant: 'Hi there.' }],
  naming: (model) => ({ type: 'response.create', model, input: '' }),
  errorEvent: (code, message) => ({
    type: 'error',
    status: code === 'model_not_allowed' ? 403 : 400,
    error: error(code, message),
  }),
};
