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
  expect(asked.tools).toMatchObject([{ name: 'answer', input_schema: schema }]);
  expect(asked.tool_choice).toEqual({ type: 'tool', name: 'answer' });
  const format = { response_format: { type: 'json_schema', json_schema: { schema } } };
  expect(bodyOf({ extra: format }).tools).toEqual(asked.tools);
  const body = Buffer.from(
    JSON.stringify({
      id: 'msg_1',
      model: 'claude-sonnet-4-5-20250929',
      content: [{ type: 'tool_use', name: 'answer', input: { a: 1 } }],
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

test('what has no form here is unsupported, never dropped', () => {
  const image = { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x.example/a.png' } }] };
  const refused: Partial<LlmCall>[] = [
    { extra: { tools: [] } },
    { extra: { logprobs: true } },
    { extra: { response_format: { type: 'json_object' } } },
    { messages: [image] },
    { messages: [{ role: 'tool', content: 'x', tool_call_id: '1' }] },
    { messages: [{ role: 'assistant', content: 'I begin' }] },
  ];
  for (const more of refused) expect(() => bodyOf(more)).toThrow(expect.objectContaining({ code: 'unsupported' }));
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
