// A conversation with a Deepgram voice agent: the agent greets, is asked, and is cut off.

import type { DialectFixture } from '../fixture.ts';

const settings = {
  type: 'Settings',
  audio: { input: { encoding: 'linear16', sample_rate: 24000 }, output: { encoding: 'linear16', container: 'none' } },
  agent: {
    listen: { provider: { type: 'deepgram', version: 'v1', model: 'nova-3' } },
    think: { provider: { type: 'open_ai', model: 'gpt-4o-mini' }, prompt: 'Be brief.' },
    speak: { provider: { type: 'deepgram', model: 'aura-2-thalia-en' } },
    greeting: 'Hello!',
  },
};
const sound = Buffer.from([0, 1, 0x7b, 0xff, 0x80, 0]);
const said = (role: 'user' | 'assistant', content: string) => ({ type: 'ConversationText', role, content });
const functions = [{ id: 'c1', name: 'get_time', arguments: '{}', client_side: true }];
const latencies = { total_latency: 1.2, tts_latency: 0.3, ttt_latency: 0.5 };

export const deepgramAgent: DialectFixture = {
  conversation: [
    ['provider', { type: 'Welcome', request_id: 'fc553ec9-5874-49ca-a47c-b670d525a4b1' }],
    ['client', settings, { model: 'gpt-4o-mini' }],
    ['provider', { type: 'SettingsApplied' }],
    ['provider', said('assistant', 'Hello!'), { utterances: [{ role: 'assistant', text: 'Hello!' }] }],
    ['provider', { type: 'AgentStartedSpeaking', ...latencies }],
    ['provider', sound, { mark: 'audio' }],
    ['provider', { type: 'AgentAudioDone' }, { mark: 'turn-done' }],
    ['client', sound],
    ['client', { type: 'KeepAlive' }],
    ['provider', { type: 'UserStartedSpeaking' }, { mark: 'speech-started' }],
    [
      'provider',
      said('user', 'What is the time?'),
      { mark: 'speech-stopped', utterances: [{ role: 'user', text: 'What is the time?' }] },
    ],
    ['provider', { type: 'AgentThinking', content: 'They ask for the time.' }],
    ['provider', { type: 'FunctionCallRequest', functions }, { toolCalls: [{}] }],
    ['client', { type: 'FunctionCallResponse', id: 'c1', name: 'get_time', content: 'noon' }],
    ['provider', said('assistant', 'It is noon.'), { utterances: [{ role: 'assistant', text: 'It is noon.' }] }],
    ['provider', { type: 'AgentStartedSpeaking', ...latencies }],
    ['provider', sound, { mark: 'audio' }],
    ['provider', { type: 'UserStartedSpeaking' }, { mark: 'speech-started' }],
    ['provider', { type: 'AgentAudioDone' }, { mark: 'turn-done' }],
    ['client', { type: 'UpdateThink', think: { provider: { type: 'open_ai', model: 'gpt-5' } } }, { model: 'gpt-5' }],
    ['provider', { type: 'ThinkUpdated' }],
    ['client', { type: 'UpdateThink_Live', think_live: { provider: { type: 'deepgram', version: 'v1' } } }],
    ['provider', { type: 'ThinkLiveUpdated' }],
    ['provider', { type: 'FrustrationDetected', count: 1, escalated: false }],
    ['client', { type: 'InjectAgentMessage', is_dynamic: true, behavior: 'queue' }],
    ['provider', { type: 'InjectionRefused', message: 'The user speaks.' }],
    ['client', { type: 'ForceEndTurn' }],
    [
      'provider',
      said('user', 'Never mind.'),
      { mark: 'speech-stopped', utterances: [{ role: 'user', text: 'Never mind.' }] },
    ],
    ['client', { type: 'InjectUserMessage', content: 'Goodbye.' }, { mark: 'request' }],
    ['provider', { type: 'Warning', code: 'SLOW_THINK_REQUEST', description: 'The model takes long.' }],
    ['provider', { type: 'Error', code: 'CLIENT_MESSAGE_TIMEOUT', description: 'No message came.' }],
  ],
  model: 'gpt-5',
  usage: 'connected-time',
  turns: [
    { user: '', assistant: 'Hello!' },
    { user: 'What is the time?', assistant: 'It is noon.', isInterrupted: true },
    { user: 'Never mind.', assistant: '' },
  ],
  context: 'in-first-message',
  naming: (model) => ({ type: 'UpdateThink', think: { provider: { type: 'open_ai', model } } }),
  errorEvent: (code, message) => ({ type: 'Error', description: message, code }),
};
