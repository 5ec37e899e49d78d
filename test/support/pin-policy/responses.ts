// Ways round what is pinned of Responses.

import { MINE, type PinPolicy, writings } from './cases.ts';

const tool = { type: 'function', name: 'book', parameters: { type: 'object', properties: {} }, strict: true };
const myTool = { ...tool, name: MINE };
const pinned = { model: 'gpt-5', instructions: 'You are a clerk.', tools: [tool], reasoning: { effort: 'low' } };
const create = (more: object) => ({ type: 'response.create', input: 'Hi', ...more });
const item = (more: object) => create({ input: [{ type: 'message', role: 'user', content: 'Hi' }, more] });

const settings: readonly (readonly [string, object])[] = [
  ['instructions', { instructions: MINE }],
  ['no instructions', { instructions: '' }],
  ['null instructions', { instructions: null }],
  ['instructions that are a list', { instructions: [{ role: 'developer', content: MINE }] }],
  ['tools', { tools: [myTool] }],
  ['one more tool', { tools: [tool, myTool] }],
  ['no tools', { tools: [] }],
  ['a server of tools', { tools: [{ type: 'mcp', server_label: MINE }] }],
  ['the model', { model: MINE }],
  ['no model', { model: null }],
  ['reasoning', { reasoning: { effort: 'high' } }],
  ['a part of reasoning', { reasoning: { summary: 'auto' } }],
  ['no reasoning', { reasoning: null }],
  ['a stored prompt', { prompt: { id: MINE } }],
  ['settings in something new', { later: [{ instructions: MINE }] }],
];

const items: readonly (readonly [string, object])[] = [
  ['a system item', item({ type: 'message', role: 'system', content: MINE })],
  ['a developer item', item({ type: 'message', role: 'developer', content: MINE })],
  ['a developer item without a type', item({ role: 'developer', content: MINE })],
  ['a critic', item({ role: 'critic', content: MINE })],
  ['a role in capitals', item({ type: 'message', Role: 'system', content: MINE })],
  ['an item in a list', item([{ role: 'system', content: MINE }])],
  ['tools in an item', item({ type: 'additional_tools', role: 'user', tools: [myTool] })],
  ['tools that a search found', item({ type: 'tool_search_output', tools: [myTool] })],
  ['tools that a server lists', item({ type: 'mcp_list_tools', server_label: MINE, tools: [myTool] })],
  ['another configuration', item({ type: 'configuration_update', reasoning: { effort: 'high' } })],
  ['an item of an unknown type', item({ type: 'instructions', text: MINE })],
  ['an item that is an input of its own', create({ input: { role: 'system', content: MINE } })],
  ['an input that is respelled', create({ Input: [{ role: 'system', content: MINE }] })],
  [
    'a system item that is steered in',
    { type: 'response.steer', previous_response_id: 'r', input: [{ role: 'system', content: MINE }] },
  ],
  [
    'instructions that are steered in',
    { type: 'response.steer', previous_response_id: 'r', input: 'Hi', instructions: MINE },
  ],
  [
    'tools that are steered in',
    {
      type: 'response.steer',
      previous_response_id: 'r',
      input: [{ type: 'additional_tools', role: 'developer', tools: [myTool] }],
    },
  ],
  [
    'a system item that is injected',
    { type: 'response.inject', response_id: 'r', input: [{ role: 'system', content: MINE }] },
  ],
  ['an unknown event', { type: 'response.update', response: { instructions: MINE } }],
  ['an event of Realtime', { type: 'session.update', session: { instructions: MINE } }],
  ['an event without a type', { input: 'Hi', instructions: MINE }],
  ['a body that is a list', { type: 'response.create', response: [{ instructions: MINE }] }],
];

const text = JSON.stringify(create({ instructions: MINE }));
const steer = { type: 'response.steer', previous_response_id: 'r', input: [{ role: 'user', content: 'Go on.' }] };

export const responsesPolicy: PinPolicy = {
  path: '/v1/responses',
  pinned,
  bypasses: [
    ...settings.flatMap(([what, more]) => [
      { what, payload: create(more) },
      { what: `${what} in an envelope`, payload: { type: 'response.create', response: { input: 'Hi', ...more } } },
    ]),
    ...items.map(([what, payload]) => ({ what, payload })),
    ...writings(text, 'instructions', JSON.stringify(steer)),
  ],
  innocent: [
    steer,
    { type: 'response.inject', response_id: 'r', input: [{ type: 'function_call_output', call_id: 'c', output: 'o' }] },
  ],
  merged: [
    [create({}), { ...create({}), ...pinned }],
    [create({ model: 'gpt-5', temperature: 1 }), { ...create({ temperature: 1 }), ...pinned }],
    [
      create({
        input: [
          { role: 'assistant', content: 'instructions, tools' },
          { type: 'reasoning', id: 'rs', summary: [] },
        ],
      }),
      {
        ...create({
          input: [
            { role: 'assistant', content: 'instructions, tools' },
            { type: 'reasoning', id: 'rs', summary: [] },
          ],
        }),
        ...pinned,
      },
    ],
    [
      { type: 'response.create', response: { input: 'Hi', metadata: { tools: 'a' } } },
      { type: 'response.create', ...pinned, response: { input: 'Hi', metadata: { tools: 'a' }, ...pinned } },
    ],
  ],
};
