// Ways round what is pinned of a Deepgram agent.

import { MINE, type PinPolicy, writings } from './cases.ts';

const pinned = {
  agent: {
    think: { prompt: 'You are a clerk.', functions: [{ name: 'book', parameters: {} }] },
    speak: { provider: { type: 'deepgram', model: 'aura-2-thalia-en' } },
    greeting: 'Hello.',
  },
};
const think = { provider: { type: 'open_ai', model: 'gpt-4o-mini' } };
const audio = { input: { encoding: 'linear16', sample_rate: 24_000 } };
const first = { type: 'Settings', audio, agent: { think } };
const whole = { ...first, agent: { ...pinned.agent, think: { ...think, ...pinned.agent.think } } };

const settings: readonly (readonly [string, unknown])[] = [
  ['the prompt', { think: { ...think, prompt: MINE } }],
  ['no prompt', { think: { ...think, prompt: null } }],
  ['the functions', { think: { ...think, functions: [{ name: MINE }] } }],
  ['no functions', { think: { ...think, functions: [] } }],
  ['several that think', { think: [{ ...think, prompt: MINE }] }],
  ['the voice', { speak: { provider: { type: 'deepgram', model: MINE } } }],
  ['several voices', { speak: [{ provider: { type: 'deepgram', model: MINE } }] }],
  ['the greeting', { greeting: MINE }],
  ['a saved agent', MINE],
  ['agents in a list', [{ think: { prompt: MINE } }]],
  ['no agent', null],
  ['messages of the system', { context: { messages: [{ type: 'History', role: 'system', content: MINE }] } }],
  ['messages that are respelled', { context: { Messages: [{ type: 'History', role: 'system', content: MINE }] } }],
  ['a context that is a list', { context: [{ messages: [{ role: 'system', content: MINE }] }] }],
  ['another endpoint for the prompt', { think: { ...think, endpoint: { url: 'https://example.com' } } }],
  ['an endpoint that is a list', { think: { ...think, endpoint: [{ url: 'https://example.com' }] } }],
  ['a respelled endpoint', { think: { ...think, Endpoint: { url: 'https://example.com' } } }],
  ['an account for the prompt', { think: { provider: { type: 'aws_bedrock', credentials: { type: 'iam' } } } }],
  ['a respelled account', { think: { provider: { type: 'aws_bedrock', Credentials: { type: 'iam' } } } }],
  ['a prompt elsewhere', { later: { prompt: MINE } }],
  ['a prompt in Pascal case', { Think: { Prompt: MINE } }],
];

const events: readonly (readonly [string, object])[] = [
  ['an update of the prompt', { type: 'UpdatePrompt', prompt: MINE }],
  ['a respelled update of the prompt', { type: 'UpdatePrompt', Prompt: MINE }],
  ['an update of the functions', { type: 'UpdateThink', think: { ...think, functions: [] } }],
  ['an update of what thinks', { type: 'UpdateThink', think: [{ ...think, prompt: MINE }] }],
  ['an update of the voice', { type: 'UpdateSpeak', speak: { provider: { type: 'deepgram', model: MINE } } }],
  ['an update of the endpoint', { type: 'UpdateThink', think: { ...think, endpoint: { url: 'https://example.com' } } }],
  ['an update by an unknown event', { type: 'UpdateAgent', agent: { greeting: MINE } }],
  ['an update in lower case', { type: 'updateprompt', prompt: MINE }],
  ['a prompt beside a message', { type: 'InjectUserMessage', content: 'Hi', prompt: MINE }],
  ['a prompt beside a sign of life', { type: 'KeepAlive', agent: { think: { prompt: MINE } } }],
];

/** Binary messages are sound, unless they begin like an object. */
const isNoSound = ({ payload, binary }: { payload: unknown; binary?: boolean }) =>
  binary !== true || (Buffer.isBuffer(payload) && payload[0] === 0x7b);

export const deepgramPolicy: PinPolicy = {
  path: '/v1/agent/converse',
  pinned,
  early: [{ type: 'KeepAlive' }, { type: 'UpdateThink', think }, { sound: Buffer.from('sound') }],
  first,
  bypasses: [
    ...settings.map(([what, agent]) => ({ what, payload: { ...first, agent } })),
    ...events.map(([what, payload]) => ({ what, payload })),
    ...writings(JSON.stringify({ type: 'UpdatePrompt', prompt: MINE }), 'prompt', '{"type":"KeepAlive"}').filter(
      isNoSound,
    ),
  ],
  innocent: [
    { sound: Buffer.from('sound {"type":"UpdatePrompt"}') },
    { type: 'KeepAlive' },
    { type: 'UpdatePrompt', prompt: pinned.agent.think.prompt },
    { type: 'UpdateListen', listen: { provider: { type: 'deepgram', model: 'nova-3' } } },
    { type: 'InjectUserMessage', content: 'The prompt is mine.' },
    { type: 'FunctionCallResponse', id: 'f', name: 'book', content: '{"prompt":"x"}' },
  ],
  merged: [
    [first, whole],
    [whole, whole],
    [
      { type: 'UpdateThink', think },
      { type: 'UpdateThink', think: { ...think, ...pinned.agent.think } },
    ],
    [
      { ...first, agent: { think, context: { messages: [{ type: 'History', role: 'user', content: 'Hi' }] } } },
      {
        ...whole,
        agent: { ...whole.agent, context: { messages: [{ type: 'History', role: 'user', content: 'Hi' }] } },
      },
    ],
  ],
};
