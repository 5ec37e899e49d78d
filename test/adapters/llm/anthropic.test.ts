// Anthropic's Messages from and to chat completions.

import { expect, test } from 'vitest';
import { anthropic } from '../../../adapters/llm/anthropic.ts';
import { type LlmCall, LlmFault } from '../../../adapters/llm/llm.ts';

const call: LlmCall = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'One' },
    { role: 'user', content: [{ type: 'text', text: 'Two' }] },
    { role: 'assistant', content: 'Three' },
    { role: 'user', content: 'Four' },
  ],
  maxTokens: 64,
  temperature: 1.5,
  isStreamed: false,
  extra: { stop: '###', top_p: 0.9, user: 'u', seed: 3 },
};
const target = { baseUrl: 'https://api.anthropic.com/v1', apiKey: 'sk-ant', model: 'claude-sonnet-4-5', settings: {} };
const bodyOf = (more: Partial<LlmCall> = {}) => JSON.parse(anthropic.toRequest({ ...call, ...more }, target).body);

test('a call has its system text apart, turns in alternation, and its limits in range', () => {
  const { url, headers } = anthropic.toRequest(call, target);
  expect(url).toBe('https://api.anthropic.com/v1/messages');
  expect(headers).toMatchObject({ 'x-api-key': 'sk-ant', 'anthropic-version': '2023-06-01' });
  expect(bodyOf()).toEqual({
    model: 'claude-sonnet-4-5',
    max_tokens: 64,
    system: 'Be brief.',
    messages: [
      { role: 'user', content: 'One\n\nTwo' },
      { role: 'assistant', content: 'Three' },
      { role: 'user', content: 'Four' },
    ],
    temperature: 1,
    stop_sequences: ['###'],
    top_p: 0.9,
  });
});

test('a schema is a tool that must be called, and its input is the answer', () => {
  const schema = { type: 'object', properties: { a: { type: 'number' } } };
  const asked = bodyOf({ schema: { name: 'x', schema } });
  expect(asked.tools).toMatchObject([{ name: 'trunkline_answer', input_schema: schema }]);
  expect(asked.tool_choice).toEqual({ type: 'tool', name: 'trunkline_answer' });
  const format = { response_format: { type: 'json_schema', json_schema: { schema } } };
  expect(bodyOf({ extra: format }).tools).toEqual(asked.tools);
  const body = Buffer.from(
    JSON.stringify({
      id: 'msg_1',
      model: 'claude-sonnet-4-5-20250929',
      content: [{ type: 'tool_use', name: 'trunkline_answer', input: { a: 1 } }],
      stop_reason: 'tool_use',
      usage: { input_tokens: 10, cache_read_input_tokens: 90, cache_creation_input_tokens: 5, output_tokens: 7 },
    }),
  );
  expect(anthropic.readReply({ status: 200, headers: {}, body })).toMatchObject({
    text: '{"a":1}',
    served: 'claude-sonnet-4-5-20250929',
    provider: 'anthropic',
    finish: 'stop',
    usage: { inputTokens: 105, outputTokens: 7, cachedTokens: 90 },
    completion: {
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: '{"a":1}' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 105, completion_tokens: 7, total_tokens: 112 },
    },
  });
});

const weather = {
  type: 'function',
  function: { name: 'weather', description: 'Of a city.', parameters: { type: 'object', properties: { city: {} } } },
};
const asking = (id: string, city: string) => ({
  id,
  type: 'function',
  function: { name: 'weather', arguments: JSON.stringify({ city }) },
});

test('tools, what is to be called of them, and what they gave back are said in its form', () => {
  const messages = [
    { role: 'user', content: 'Is it warm in Bonn or in Rome?' },
    { role: 'assistant', content: 'I look.', tool_calls: [asking('call_1', 'Bonn'), asking('call_2', 'Rome')] },
    { role: 'tool', tool_call_id: 'call_1', content: '12' },
    { role: 'tool', tool_call_id: 'call_2', content: [{ type: 'text', text: '24' }] },
    { role: 'user', content: 'So?' },
  ];
  expect(bodyOf({ messages, temperature: undefined, extra: { tools: [weather] } })).toEqual({
    model: 'claude-sonnet-4-5',
    max_tokens: 64,
    messages: [
      { role: 'user', content: 'Is it warm in Bonn or in Rome?' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Bonn' } },
          { type: 'tool_use', id: 'call_2', name: 'weather', input: { city: 'Rome' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'call_1', content: '12' },
          { type: 'tool_result', tool_use_id: 'call_2', content: '24' },
          { type: 'text', text: 'So?' },
        ],
      },
    ],
    tools: [{ name: 'weather', description: 'Of a city.', input_schema: weather.function.parameters }],
    tool_choice: { type: 'auto' },
  });
});

test.each([
  [{ tool_choice: 'none' }, { type: 'none' }],
  [{ tool_choice: 'required' }, { type: 'any' }],
  [{ tool_choice: { type: 'function', function: { name: 'weather' } } }, { type: 'tool', name: 'weather' }],
  [{ parallel_tool_calls: false }, { type: 'auto', disable_parallel_tool_use: true }],
])('the choice of a tool: %j', (extra, choice) => {
  expect(bodyOf({ extra: { tools: [weather], ...extra } }).tool_choice).toEqual(choice);
});

test('a tool without arguments has a schema of none, and a strict one stays so', () => {
  const tools = [{ type: 'function', function: { name: 'now', strict: true } }];
  expect(bodyOf({ extra: { tools } }).tools).toEqual([
    { name: 'now', input_schema: { type: 'object', properties: {} }, strict: true },
  ]);
});

test('calls of an answer are tool calls, beside what was said', () => {
  const answer = (content: object[]) =>
    anthropic.readReply({
      status: 200,
      headers: {},
      body: Buffer.from(JSON.stringify({ id: 'm', model: 'c', content, stop_reason: 'tool_use' })),
    });
  const use = { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Bonn' } };
  const written = {
    id: 'toolu_1',
    type: 'function',
    function: { name: 'weather', arguments: '{"city":"Bonn"}' },
  };
  expect(answer([use]).completion.choices).toEqual([
    { index: 0, message: { role: 'assistant', content: null, tool_calls: [written] }, finish_reason: 'tool_calls' },
  ]);
  expect(answer([{ type: 'text', text: 'I look.' }, use])).toMatchObject({
    text: 'I look.',
    finish: 'tool_calls',
    completion: { choices: [{ message: { content: 'I look.', tool_calls: [written] } }] },
  });
});

test('images go as they are: as base64, or as a URL', () => {
  const image = (url: string) => ({ type: 'image_url', image_url: { url, detail: 'low' } });
  const content = [
    { type: 'text', text: 'What' },
    { type: 'text', text: 'is it?' },
    image('data:image/PNG;base64,AAAA'),
    image('https://x.example/a.jpg'),
  ];
  expect(bodyOf({ messages: [{ role: 'user', content }] }).messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What\nis it?' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
        { type: 'image', source: { type: 'url', url: 'https://x.example/a.jpg' } },
      ],
    },
  ]);
});

const said = (...parts: object[]) => ({ messages: [{ role: 'user', content: parts }] });

test.each<[string, Partial<LlmCall>]>([
  ['log probabilities', { extra: { logprobs: true } }],
  ['JSON without a schema', { extra: { response_format: { type: 'json_object' } } }],
  ['functions of before', { extra: { functions: [] } }],
  ['tools that are no functions', { extra: { tools: [{ type: 'custom', custom: { name: 'x' } }] } }],
  ['a choice among some tools', { extra: { tools: [weather], tool_choice: { type: 'allowed_tools' } } }],
  ['a choice of no tools', { extra: { tool_choice: 'required' } }],
  [
    'a tool of the name that is ours',
    { extra: { tools: [{ type: 'function', function: { name: 'trunkline_answer' } }] } },
  ],
  ['tools beside a schema', { schema: { name: 'x', schema: {} }, extra: { tools: [weather] } }],
  [
    'what no call asked for',
    {
      messages: [
        { role: 'user', content: 'a' },
        { role: 'tool', tool_call_id: '1', content: 'x' },
      ],
    },
  ],
  [
    'arguments that are no object',
    { messages: [{ role: 'assistant', tool_calls: [{ id: '1', function: { name: 'x', arguments: '[' } }] }] },
  ],
  ['an image of another type', said({ type: 'image_url', image_url: { url: 'data:image/tiff;base64,AAAA' } })],
  ['an image that is no base64', said({ type: 'image_url', image_url: { url: 'data:image/png,AAAA' } })],
  ['audio', said({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } })],
  ['a message without content', { messages: [{ role: 'user' }] }],
  ['another role', { messages: [{ role: 'function', content: 'x' }] }],
  ['an assistant that begins', { messages: [{ role: 'assistant', content: 'I begin' }] }],
])('%s has no form here: unsupported, never dropped', (_, more) => {
  expect(() => bodyOf(more)).toThrow(expect.objectContaining({ code: 'unsupported' }));
});

test('instructions alone are said by the user', () => {
  const { system, messages } = bodyOf({ messages: [{ role: 'system', content: 'Say hi' }] });
  expect([system, messages]).toEqual([undefined, [{ role: 'user', content: 'Say hi' }]]);
});

const events = [
  ['message_start', { message: { id: 'msg_2', model: 'claude-x', usage: { input_tokens: 11, output_tokens: 1 } } }],
  ['content_block_start', { index: 0, content_block: { type: 'text', text: '' } }],
  ['ping', {}],
  ['content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hel' } }],
  ['content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'lo' } }],
  ['content_block_stop', { index: 0 }],
  ['message_delta', { delta: { stop_reason: 'max_tokens' }, usage: { output_tokens: 9 } }],
  ['message_stop', {}],
] as const;
const wire = (list: readonly (readonly [string, object])[]) =>
  list.map(([type, data]) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`).join('');

test('a stream becomes chunks of a chat completion', () => {
  const extra = { stream_options: { include_usage: true } };
  const stream = anthropic.readStream({}, { ...call, isStreamed: true, extra });
  const bytes = Buffer.from(wire(events));
  const passed = [stream.push(bytes.subarray(0, 100)), stream.push(bytes.subarray(100))];
  expect(stream.served()).toBe('claude-x');
  const { rest, outcome, isComplete } = stream.end();
  const lines = Buffer.concat([...passed, rest])
    .toString()
    .split('\n\n')
    .filter(Boolean);
  expect(lines.pop()).toBe('data: [DONE]');
  const chunks = lines.map((one) => JSON.parse(one.replace('data: ', '')));
  expect(
    chunks.every(
      ({ id, object, model }) => id === 'msg_2' && object === 'chat.completion.chunk' && model === 'claude-x',
    ),
  ).toBe(true);
  expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
    { role: 'assistant', content: 'Hel' },
    { content: 'lo' },
    {},
    undefined,
  ]);
  expect(chunks[2].choices[0].finish_reason).toBe('length');
  expect(chunks[3].usage).toEqual({
    prompt_tokens: 11,
    completion_tokens: 9,
    total_tokens: 20,
    prompt_tokens_details: { cached_tokens: 0 },
  });
  expect(isComplete).toBe(true);
  expect(outcome).toMatchObject({ text: 'Hello', finish: 'length', usage: { inputTokens: 11, outputTokens: 9 } });
});

test('calls that are streamed are tool calls in pieces, counted on their own', () => {
  const stream = anthropic.readStream({}, { ...call, isStreamed: true });
  const json = (index: number, text: string) =>
    ['content_block_delta', { index, delta: { type: 'input_json_delta', partial_json: text } }] as const;
  const use = (index: number, id: string) =>
    ['content_block_start', { index, content_block: { type: 'tool_use', id, name: 'weather', input: {} } }] as const;
  const list = [
    ['message_start', { message: { id: 'm', model: 'c', usage: { input_tokens: 1, output_tokens: 1 } } }],
    ['content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'I look.' } }],
    use(1, 'toolu_1'),
    json(1, ''),
    json(1, '{"city":'),
    json(1, '"Bonn"}'),
    use(2, 'toolu_2'),
    json(2, '{}'),
    ['message_delta', { delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } }],
    ['message_stop', {}],
  ] as const;
  const passed = stream.push(Buffer.from(wire(list)));
  const { rest, outcome, isComplete } = stream.end();
  const lines = Buffer.concat([passed, rest]).toString().split('\n\n').filter(Boolean).slice(0, -1);
  const choices = lines.map((line) => JSON.parse(line.slice('data: '.length)).choices[0]);
  const head = (index: number, id: string) => ({
    tool_calls: [{ index, id, type: 'function', function: { name: 'weather', arguments: '' } }],
  });
  const more = (index: number, text: string) => ({ tool_calls: [{ index, function: { arguments: text } }] });
  expect(choices.map(({ delta }) => delta)).toEqual([
    { role: 'assistant', content: 'I look.' },
    head(0, 'toolu_1'),
    more(0, '{"city":'),
    more(0, '"Bonn"}'),
    head(1, 'toolu_2'),
    more(1, '{}'),
    {},
  ]);
  expect(choices.at(-1)?.finish_reason).toBe('tool_calls');
  expect([outcome.text, outcome.finish, isComplete]).toEqual(['I look.', 'tool_calls', true]);
});

test('a stream that breaks off is not complete; one with an error is a fault', () => {
  const broken = anthropic.readStream({}, { ...call, isStreamed: true });
  broken.push(Buffer.from(wire(events.slice(0, 5))));
  expect(broken.end()).toMatchObject({ isComplete: false, outcome: { text: 'Hello' } });
  const failing = anthropic.readStream({}, { ...call, isStreamed: true });
  const error = wire([['error', { error: { type: 'overloaded_error', message: 'busy' } }]]);
  expect(() => failing.push(Buffer.from(error))).toThrow(LlmFault);
});

test('an answer that is no message is garbled', () => {
  for (const body of ['', '{}', '[]'])
    expect(() => anthropic.readReply({ status: 200, headers: {}, body: Buffer.from(body) })).toThrow(
      expect.objectContaining({ code: 'garbled' }),
    );
});
