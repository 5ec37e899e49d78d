// Conversations with Hume: a chat that is cut off, and text that is spoken.

import type { DialectFixture } from '../fixture.ts';

const data = 'UklGRiQAAABXQVZF';
const models = { prosody: { scores: { joy: 0.7 } } };
const time = { begin: 100, end: 900 };
const said = (role: 'user' | 'assistant', content: string, more: object = {}) => ({
  type: `${role}_message`,
  from_text: false,
  message: { role, content },
  models,
  ...more,
});

export const humeChat: DialectFixture = {
  query: 'config_id=allowed&verbose_transcription=true',
  conversation: [
    [
      'provider',
      { type: 'chat_metadata', chat_id: 'c1', chat_group_id: 'g1', request_id: 'r1' },
      { handedOut: ['g1'] },
    ],
    ['client', { type: 'session_settings', audio: { encoding: 'linear16', sample_rate: 16_000, channels: 1 } }],
    ['client', { type: 'audio_input', data }],
    ['provider', said('user', 'What', { interim: true, time }), { mark: 'speech-started' }],
    [
      'provider',
      said('user', 'What is the time?', { interim: false, time }),
      { mark: 'speech-stopped', utterances: [{ role: 'user', text: 'What is the time?' }] },
    ],
    [
      'provider',
      {
        type: 'tool_call',
        name: 'get_time',
        parameters: '{}',
        response_required: true,
        tool_call_id: 't1',
        tool_type: 'function',
      },
      { toolCalls: [{ name: 'get_time', id: 't1' }] },
    ],
    ['client', { type: 'tool_response', tool_call_id: 't1', content: 'noon' }],
    [
      'provider',
      said('assistant', 'It is noon.', { id: 'a1', is_quick_response: false }),
      { utterances: [{ role: 'assistant', text: 'It is noon.' }] },
    ],
    ['provider', { type: 'assistant_prosody', id: 'a1', models }],
    ['provider', { type: 'audio_output', id: 'a1', index: 0, data }, { mark: 'audio' }],
    ['provider', { type: 'assistant_end' }, { mark: 'turn-done' }],
    ['client', { type: 'user_input', text: 'Tell me more.' }, { mark: 'request' }],
    [
      'provider',
      said('user', 'Tell me more.', { from_text: true, interim: false, time }),
      { utterances: [{ role: 'user', text: 'Tell me more.' }] },
    ],
    [
      'provider',
      said('assistant', 'At noon the sun', { id: 'a2', is_quick_response: false }),
      { utterances: [{ role: 'assistant', text: 'At noon the sun' }] },
    ],
    ['provider', { type: 'audio_output', id: 'a2', index: 0, data }, { mark: 'audio' }],
    ['provider', { type: 'user_interruption', time: 3100 }, { mark: 'interrupted' }],
    ['provider', { type: 'assistant_end' }, { mark: 'turn-done' }],
    ['client', { type: 'pause_assistant_message' }],
    ['client', { type: 'assistant_input', text: 'Goodbye.' }, { mark: 'request' }],
    ['provider', { type: 'error', code: 'E0714', slug: 'inactivity_timeout', message: 'Nobody spoke.' }],
  ],
  model: 'allowed',
  usage: 'connected-time',
  turns: [
    { user: 'What is the time?', assistant: 'It is noon.' },
    { user: 'Tell me more.', assistant: 'At noon the sun', isInterrupted: true },
  ],
  context: 'ahead-of-all',
  errorEvent: (code, message) => ({ type: 'error', code, slug: code, message }),
};

const spoken = (text: string) =>
  ({
    mark: 'request',
    isContinuous: true,
    utterances: [{ role: 'assistant', text, isPartial: true }],
    counts: { characters: text.length },
  }) as const;

export const humeSpeech: DialectFixture = {
  query: 'instant_mode=true&no_binary=true&version=allowed',
  conversation: [
    ['client', { text: 'It is ', voice: { name: 'Ava', provider: 'HUME_AI' } }, spoken('It is ')],
    ['client', { text: 'noon.' }, spoken('noon.')],
    ['client', { flush: true }, { mark: 'request', isContinuous: true }],
    [
      'provider',
      { type: 'audio', audio: data, chunk_index: 0, generation_id: 'gen1', is_last_chunk: true, snippet_id: 's1' },
      { mark: 'audio' },
    ],
    ['provider', { type: 'timestamp', generation_id: 'gen1', timestamp: { type: 'word', text: 'It', time } }],
    ['client', { close: true }, { mark: 'request', isContinuous: true }],
  ],
  model: 'allowed',
  usage: { characters: 11 },
  turns: [{ user: '', assistant: 'It is noon.' }],
  errorEvent: (code, message) => ({ type: 'error', code, slug: code, message }),
};
