// A call with Ultravox: it greets, is asked aloud, is cut off, and is asked in writing.

import type { DialectFixture } from '../fixture.ts';

const sound = Buffer.from([0, 1, 0x7b, 0xff, 0x80, 0]);
const transcript = (role: string, text: string, ordinal: number) => ({
  type: 'transcript',
  role,
  medium: 'voice',
  text,
  final: true,
  ordinal,
});

export const ultravoxCall: DialectFixture = {
  conversation: [
    ['provider', { type: 'call_started', callId: 'c1' }],
    ['client', sound],
    ['provider', { type: 'state', state: 'thinking' }, { mark: 'speech-stopped' }],
    [
      'provider',
      transcript('user', 'What is the time?', 0),
      { utterances: [{ role: 'user', text: 'What is the time?' }] },
    ],
    ['provider', { type: 'state', state: 'speaking' }],
    ['provider', sound, { mark: 'audio' }],
    ['provider', { type: 'transcript', role: 'agent', medium: 'voice', delta: 'It', final: false, ordinal: 1 }],
    ['provider', transcript('agent', 'It is noon.', 1), { utterances: [{ role: 'assistant', text: 'It is noon.' }] }],
    ['provider', { type: 'playback_clear_buffer' }, { mark: 'interrupted' }],
    [
      'provider',
      { type: 'client_tool_invocation', toolName: 'ring', invocationId: 't1', parameters: {} },
      { toolCalls: [{ name: 'ring', id: 't1' }] },
    ],
    ['client', { type: 'client_tool_result', invocationId: 't1', result: 'rung' }],
    ['client', { type: 'user_text_message', text: 'Never mind.' }, { mark: 'request' }],
    ['provider', transcript('user', 'Never mind.', 2), { utterances: [{ role: 'user', text: 'Never mind.' }] }],
    ['provider', sound, { mark: 'audio' }],
    ['provider', { type: 'state', state: 'listening' }, { mark: 'turn-done' }],
  ],
  model: undefined,
  usage: 'connected-time',
  turns: [
    { user: 'What is the time?', assistant: 'It is noon.', isInterrupted: true },
    { user: 'Never mind.', assistant: '' },
  ],
};
