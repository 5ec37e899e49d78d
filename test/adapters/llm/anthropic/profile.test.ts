// Chat completion requests as requests of Anthropic's Messages API.

import { expect, test } from 'vitest';
import { anthropicProfile } from '../../../../adapters/llm/anthropic/profile.ts';
import type { LlmCall } from '../../../../adapters/llm/contract.ts';

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
const bodyOf = (more: Partial<LlmCall> = {}, model = target.model) =>
  JSON.parse(anthropicProfile.toRequest({ ...call, ...more }, { ...target, model }).body);

test('a request has its system text apart, alternating turns, and limits in range', () => {
  const { url, headers } = anthropicProfile.toRequest(call, target);
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

test('a schema becomes a tool that must be called, and its input is the answer', () => {
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
  expect(anthropicProfile.readReply({ status: 200, headers: {}, body }, 'claude-x')).toMatchObject({
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

test('tools, tool calls and tool results are translated', () => {
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
])('the tool choice %j is translated', (extra, choice) => {
  expect(bodyOf({ extra: { tools: [weather], ...extra } }).tool_choice).toEqual(choice);
});

test('a tool without parameters gets an empty schema, and a strict tool stays strict', () => {
  const tools = [{ type: 'function', function: { name: 'now', strict: true } }];
  expect(bodyOf({ extra: { tools } }).tools).toEqual([
    { name: 'now', input_schema: { type: 'object', properties: {} }, strict: true },
  ]);
});

const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const shaped = { schema: { name: 'x', schema: city }, extra: { tools: [weather], reasoning_effort: 'low' } };

test('a schema beside tools is a structured output, which thinking stands beside', () => {
  const asked = bodyOf(shaped);
  expect(asked.tools).toMatchObject([{ name: 'weather' }]);
  expect(asked.tool_choice).toEqual({ type: 'auto' });
  const format = { type: 'json_schema', schema: { ...city, additionalProperties: false } };
  expect(asked.output_config).toEqual({ format });
  const native = { form: 'responses', body: { reasoning: { effort: 'low' } } } as const;
  const thinks = bodyOf({ ...shaped, native, temperature: undefined, extra: { ...shaped.extra } }, 'claude-opus-4-6');
  expect(thinks).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'low', format } });
});

test.each([
  ...['claude-opus-4-1-20250805', 'claude-haiku-4-5', 'claude-sonnet-4-6', 'claude-opus-5-5', 'claude-sonnet-4-10'],
])('%s has a schema beside tools', (model) => {
  expect(bodyOf(shaped, model).output_config.format.type).toBe('json_schema');
});

test.each([
  ...['claude-3-5-sonnet-latest', 'claude-sonnet-4-20250514', 'claude-opus-4-0', 'claude-3-7-sonnet-20250219'],
])('%s has none, and says so', (model) => {
  expect(() => bodyOf(shaped, model)).toThrow(
    expect.objectContaining({ code: 'unsupported', upstream: { param: 'response_format' } }),
  );
});

test('images are sent as base64 or as a URL, as they came', () => {
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
  [
    'a schema with free names beside tools',
    { schema: { name: 'x', schema: { type: 'object', additionalProperties: {} } }, extra: { tools: [weather] } },
  ],
  [
    'arguments that are no object',
    { messages: [{ role: 'assistant', tool_calls: [{ id: '1', function: { name: 'x', arguments: '[' } }] }] },
  ],
  ['an image of another type', said({ type: 'image_url', image_url: { url: 'data:image/tiff;base64,AAAA' } })],
  ['an image that is no base64', said({ type: 'image_url', image_url: { url: 'data:image/png,AAAA' } })],
  ['audio', said({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } })],
  ['another role', { messages: [{ role: 'function', content: 'x' }] }],
])('%s throws unsupported and is never dropped', (_, more) => {
  expect(() => bodyOf(more)).toThrow(expect.objectContaining({ code: 'unsupported' }));
});

test('a prompt of instructions alone becomes the turn of a user', () => {
  const { system, messages } = bodyOf({ messages: [{ role: 'system', content: 'Say hi' }] });
  expect([system, messages]).toEqual([undefined, [{ role: 'user', content: 'Say hi' }]]);
});

test('marks of what is to be cached stay where the client put them, and keep apart what is behind them', () => {
  const mark = { type: 'ephemeral', ttl: '1h' };
  const text = (words: string, more: object = {}) => ({ type: 'text', text: words, ...more });
  const { system, messages } = bodyOf({
    messages: [
      { role: 'system', content: [text('A long manual.', { cache_control: mark }), text('Be brief.')] },
      { role: 'user', content: [text('A document.', { cache_control: mark }), text('What'), text('is it?')] },
    ],
  });
  expect(system).toEqual([{ type: 'text', text: 'A long manual.\nBe brief.', cache_control: mark }]);
  expect(messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'text', text: 'A document.', cache_control: mark },
        { type: 'text', text: 'What\nis it?' },
      ],
    },
  ]);
});
