// Ways round what is pinned of Live sessions.

import { MINE, type PinPolicy, writings } from './cases.ts';

const tool = { type: 'function', name: 'book', parameters: {} };
const delegation = { type: 'responses', responses: { model: 'gpt-5', instructions: 'Delegated.', tools: [tool] } };
const pinned = {
  model: 'gpt-live-1',
  instructions: 'You are a clerk.',
  delegation,
  audio: { output: { voice: 'marin' } },
};
const myTool = { ...tool, name: MINE };

const settings: readonly (readonly [string, object])[] = [
  ['instructions', { instructions: MINE }],
  ['null instructions', { instructions: null }],
  ['the model', { model: MINE }],
  ['the voice', { audio: { output: { voice: MINE } } }],
  ['no output', { audio: { output: null } }],
  ['audio that is a list', { audio: [] }],
  ['the delegation', { delegation: { type: 'client' } }],
  ['no delegation', { delegation: null }],
  ['delegated instructions', { delegation: { type: 'responses', responses: { instructions: MINE } } }],
  ['delegated tools', { delegation: { type: 'responses', responses: { tools: [myTool] } } }],
  [
    'a history of developers',
    { input: [{ type: 'message', role: 'developer', content: [{ type: 'input_text', text: MINE }] }] },
  ],
  ['a stored prompt', { prompt: { id: MINE } }],
  ['delegated instructions elsewhere', { later: { responses: { instructions: MINE } } }],
];

const events: readonly (readonly [string, object])[] = [
  ['more instructions', { type: 'session.instructions.append', content: MINE, delegation_id: null }],
  ['a developer item of a decision', { type: 'decision.item.create', item: { role: 'developer', content: MINE } }],
  [
    'a system item of a decision',
    { type: 'decision.item.create', item: { type: 'message', role: 'system', content: MINE } },
  ],
  [
    'a developer item of a response',
    { type: 'response.item.create', item: { type: 'message', role: 'developer', content: MINE } },
  ],
  [
    'tools of a response',
    { type: 'response.item.create', item: { type: 'additional_tools', role: 'user', tools: [myTool] } },
  ],
  [
    'tools beside an item',
    { type: 'response.item.create', item: { type: 'message', role: 'user', content: 'x', tools: [myTool] } },
  ],
  ['a response with instructions', { type: 'response.create', response: { instructions: MINE } }],
  ['a response with tools', { type: 'response.create', tools: [myTool] }],
  ['a decision with questions of its own', { type: 'decision.create', decisions: { questions: [MINE] } }],
  ['settings beside sound', { type: 'session.input_audio.append', audio: 'QUJD', session: { instructions: MINE } }],
  [
    'settings beside thoughts',
    { type: 'session.thinking.append', content: 'x', delegation_id: null, instructions: MINE },
  ],
  ['an unknown event', { type: 'session.delegation.update', delegation: { responses: { instructions: MINE } } }],
  [
    'an event of Realtime',
    { type: 'conversation.item.create', item: { type: 'message', role: 'system', content: MINE } },
  ],
];

const text = JSON.stringify({ type: 'session.start', session: { instructions: MINE } });

export const livePolicy: PinPolicy = {
  path: '/v1/live/sessions',
  pinned,
  early: [
    { type: 'session.input_audio.append', audio: 'QUJD' },
    { type: 'session.update', session: { store: false } },
    { type: 'session.close' },
  ],
  first: {
    type: 'session.start',
    event_id: 'first',
    session: { store: false, input: [{ role: 'user', content: [] }] },
  },
  bypasses: [
    ...settings.flatMap(([what, session]) => [
      { what: `${what} in another start`, payload: { type: 'session.start', session } },
      { what: `${what} in an update`, payload: { type: 'session.update', session } },
      { what: `${what} at the top`, payload: { type: 'session.update', ...session } },
    ]),
    ...events.map(([what, payload]) => ({ what, payload })),
    ...writings(text, 'instructions', '{"type":"session.input_audio.mute"}'),
  ],
  innocent: [
    { type: 'session.input_audio.append', audio: 'QUJD' },
    { type: 'session.update', session: { delegation } },
    { type: 'session.update', session: { triggers: [] } },
    { type: 'session.thinking.append', content: 'My instructions.', delegation_id: 'd' },
    { type: 'session.commentary.append', content: 'x', delegation_id: 'd' },
    { type: 'response.item.create', item: { type: 'function_call_output', call_id: 'c', output: 'tools' } },
    { type: 'response.create' },
    { type: 'session.close' },
  ],
  merged: [
    [
      { type: 'session.start', session: { store: true, audio: { format: { type: 'audio/pcm' } } } },
      {
        type: 'session.start',
        session: { store: true, ...pinned, audio: { format: { type: 'audio/pcm' }, output: { voice: 'marin' } } },
      },
    ],
    [
      { type: 'session.start', event_id: 'e' },
      { type: 'session.start', event_id: 'e', session: pinned },
    ],
    [
      { type: 'session.start', session: pinned },
      { type: 'session.start', session: pinned },
    ],
  ],
};
