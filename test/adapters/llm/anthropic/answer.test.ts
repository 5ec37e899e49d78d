// Answers of Anthropic's Messages API as chat completions.

import { expect, test } from 'vitest';
import { anthropicProfile } from '../../../../adapters/llm/anthropic/profile.ts';
import { type LlmCall, LlmFailure } from '../../../../adapters/llm/contract.ts';

const call: LlmCall = { messages: [{ role: 'user', content: 'One' }], maxTokens: 64, isStreamed: false, extra: {} };

test('tool uses of an answer become tool calls beside its text', () => {
  const answer = (content: object[]) =>
    anthropicProfile.readReply(
      {
        status: 200,
        headers: {},
        body: Buffer.from(JSON.stringify({ id: 'm', model: 'c', content, stop_reason: 'tool_use' })),
      },
      'c',
    );
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
  const stream = anthropicProfile.readStream({}, { ...call, isStreamed: true, extra }, 'claude-x');
  const bytes = Buffer.from(wire(events));
  const passed = [stream.push(bytes.subarray(0, 100)), stream.push(bytes.subarray(100))];
  expect(stream.served()).toBe('claude-x');
  const { rest, outcome, isComplete } = stream.end();
  const lines = Buffer.concat([...passed, rest])
    .toString()
    .split('\n\n')
    .filter(Boolean);
  expect(lines.pop()).toBe('data: [DONE]');
  // The client is told of each sign of life.
  expect(lines.splice(lines.indexOf(': ping'), 1)).toEqual([': ping']);
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

test('streamed tool uses become tool calls in pieces, with an index of their own', () => {
  const stream = anthropicProfile.readStream({}, { ...call, isStreamed: true }, 'claude-x');
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
    ['content_block_stop', { index: 1 }],
    use(2, 'toolu_2'),
    json(2, '{}'),
    ['content_block_stop', { index: 2 }],
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

const choicesOf = (list: readonly (readonly [string, object])[]) => {
  const stream = anthropicProfile.readStream({}, { ...call, isStreamed: true }, 'claude-x');
  const passed = stream.push(Buffer.from(wire(list)));
  const { rest } = stream.end();
  const lines = Buffer.concat([passed, rest]).toString().split('\n\n').filter(Boolean).slice(0, -1);
  return lines.map((line) => JSON.parse(line.slice('data: '.length)).choices[0]);
};

test.each([
  ['{}', {}, ['']],
  ['{}', {}, []],
  ['{}', undefined, ['']],
  ['{"city":"Bonn"}', { city: 'Bonn' }, ['']],
  ['{"city":"Bonn"}', {}, ['', '{"city":', '"Bonn"}']],
])('the arguments of a streamed call are JSON, whatever its pieces: %s of %j and %j', (whole, input, pieces) => {
  const streamed = (name: string) =>
    choicesOf([
      ['content_block_start', { index: 0, content_block: { type: 'tool_use', id: 'toolu_1', name, input } }],
      ...pieces.map(
        (partial_json) =>
          ['content_block_delta', { index: 0, delta: { type: 'input_json_delta', partial_json } }] as const,
      ),
      ['content_block_stop', { index: 0 }],
      ['message_delta', { delta: { stop_reason: 'tool_use' } }],
      ['message_stop', {}],
    ]);
  const calls = streamed('weather').flatMap(({ delta }) => delta.tool_calls ?? []);
  expect(calls.map((one) => one.function.arguments).join('')).toBe(whole);
  expect(new Set(calls.map(({ index }) => index))).toEqual(new Set([0]));
  // The tool of an answer with a schema: its input is the text.
  const texts = streamed('trunkline_answer').map(({ delta }) => delta.content ?? '');
  expect(texts.join('')).toBe(whole);
});

test('a stream that breaks off is not complete, and an error in it throws', () => {
  const broken = anthropicProfile.readStream({}, { ...call, isStreamed: true }, 'claude-x');
  broken.push(Buffer.from(wire(events.slice(0, 5))));
  expect(broken.end()).toMatchObject({ isComplete: false, outcome: { text: 'Hello' } });
  const failing = anthropicProfile.readStream({}, { ...call, isStreamed: true }, 'claude-x');
  const error = wire([['error', { error: { type: 'overloaded_error', message: 'busy' } }]]);
  expect(() => failing.push(Buffer.from(error))).toThrow(LlmFailure);
});

test('an answer that is no message throws garbled', () => {
  for (const body of ['', '{}', '[]'])
    expect(() => anthropicProfile.readReply({ status: 200, headers: {}, body: Buffer.from(body) }, 'c')).toThrow(
      expect.objectContaining({ code: 'garbled' }),
    );
});
