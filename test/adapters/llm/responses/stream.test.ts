// Tests the events that a client of Responses gets for answers of other forms, byte for byte.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AnswerDelta } from '../../../../adapters/llm/chat/answer.ts';
import { sealed } from '../../../../adapters/llm/chat/reasoning.ts';
import type { LlmCall, NativeCall, StreamOutcome } from '../../../../adapters/llm/contract.ts';
import { LlmFailure, llmProfiles, responsesCall } from '../../../../adapters/llm/index.ts';
import { ResponseWriter } from '../../../../adapters/llm/responses/stream.ts';
import { CALL_STREAMS, TEXT_STREAMS } from '../../../support/llm-answers.ts';

const id = `resp_${'ab'.repeat(16)}`;
const item = (prefix: string, index: number) => `${prefix}_${'ab'.repeat(16)}000${index}`;

beforeAll(() => void vi.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date'] }));
afterAll(() => void vi.useRealTimers());

function callOf(body: object = {}): LlmCall & { readonly native: NativeCall } {
  const whole = { model: 'm', input: 'Hello', stream: true, ...body };
  const call = responsesCall({ body: whole, items: [{ role: 'user', content: 'Hello' }], maxTokens: undefined, id });
  return { ...call, native: { ...(call.native as NativeCall), target: 'one/m' } };
}

/** The response as it is when it begins. */
const begun = (more: object = {}) => ({
  id,
  object: 'response',
  created_at: 1_700_000_000,
  status: 'in_progress',
  background: false,
  completed_at: null,
  error: null,
  frequency_penalty: 0,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  model: 'served-1',
  output: [],
  parallel_tool_calls: true,
  presence_penalty: 0,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: 'default',
  store: true,
  temperature: 1,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: 'disabled',
  usage: null,
  user: null,
  metadata: {},
  ...more,
});

/** Writes events as the wire has them: numbered from `first`, each with its type as its name. */
function wire(events: readonly (readonly [string, object])[], first = 0): string {
  return events
    .map(([type, fields], at) => {
      return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: first + at, ...fields })}\n\n`;
    })
    .join('');
}

/** The bytes that a client gets for a stream of this profile. */
function written(profile: string, stream: string, call: LlmCall): string {
  const reader = llmProfiles.get(profile)?.readStream({}, call, 'm');
  if (reader === undefined) throw new Error(`no profile ${profile}`);
  const pieces = stream.split(/(?<=\n\n)/).map((event) => reader.push(Buffer.from(event)));
  return Buffer.concat([...pieces, reader.end().rest]).toString();
}

const usage = (reasoning = 4, cached = 8) => ({
  input_tokens: 20,
  input_tokens_details: { cached_tokens: cached, cache_write_tokens: 0 },
  output_tokens: 12,
  output_tokens_details: { reasoning_tokens: reasoning },
  total_tokens: 32,
});

describe.each(['openai-compatible', 'anthropic', 'gemini'] as const)('a text of %s', (profile) => {
  test('is a message with its parts', () => {
    const place = { item_id: item('msg', 0), output_index: 0, content_index: 0 };
    const part = (text: string) => ({ type: 'output_text', annotations: [], logprobs: [], text });
    const message = (status: string, content: object[]) => ({
      ...{ id: item('msg', 0), type: 'message', status, content, role: 'assistant' },
    });
    const done = message('completed', [part('Hello you')]);
    const end = { status: 'completed', completed_at: 1_700_000_000, output: [done] };
    const expected = wire([
      ['response.created', { response: begun() }],
      ['response.in_progress', { response: begun() }],
      ['response.output_item.added', { output_index: 0, item: message('in_progress', []) }],
      ['response.content_part.added', { ...place, part: part('') }],
      ['response.output_text.delta', { ...place, delta: 'Hello', logprobs: [] }],
      ['response.output_text.delta', { ...place, delta: ' you', logprobs: [] }],
      ['response.output_text.done', { ...place, text: 'Hello you', logprobs: [] }],
      ['response.content_part.done', { ...place, part: part('Hello you') }],
      ['response.output_item.done', { output_index: 0, item: done }],
      ['response.completed', { response: begun({ ...end, usage: usage(profile === 'anthropic' ? 0 : 4) }) }],
    ]);
    expect(written(profile, TEXT_STREAMS[profile], callOf())).toBe(expected);
  });
});

test('reasoning before a call is an item of its own, sealed for the target that gave it', () => {
  const details = [
    { type: 'reasoning.text', text: 'Where is it?', signature: 'c2ln', index: 0, format: 'anthropic-claude-v1' },
  ];
  const reasoning = {
    id: item('rs', 0),
    type: 'reasoning',
    summary: [{ type: 'summary_text', text: 'Where is it?' }],
    encrypted_content: sealed('one/m', details),
  };
  const place = { item_id: item('rs', 0), output_index: 0, summary_index: 0 };
  const ofCall = { item_id: item('fc', 1), output_index: 1 };
  const called = (status: string, args: string) => ({
    ...{ id: item('fc', 1), type: 'function_call', status, arguments: args, call_id: 'call_1', name: 'weather' },
  });
  const args = '{"city":"Bonn"}';
  const tools = [{ type: 'function', name: 'weather', description: null, parameters: {}, strict: true }];
  const echoed = { tools: [{ ...tools[0] }] };
  const end = { status: 'completed', completed_at: 1_700_000_000, output: [reasoning, called('completed', args)] };
  const normal = { description: null, parameters: {}, strict: true, type: 'function', name: 'weather' };
  const head = begun({ ...echoed, tools: [normal] });
  expect(written('anthropic', CALL_STREAMS.anthropic, callOf({ tools }))).toBe(
    wire([
      ['response.created', { response: head }],
      ['response.in_progress', { response: head }],
      ['response.output_item.added', { output_index: 0, item: { id: item('rs', 0), type: 'reasoning', summary: [] } }],
      ['response.reasoning_summary_part.added', { ...place, part: { type: 'summary_text', text: '' } }],
      ['response.reasoning_summary_text.delta', { ...place, delta: 'Where ' }],
      ['response.reasoning_summary_text.delta', { ...place, delta: 'is it?' }],
      ['response.reasoning_summary_text.done', { ...place, text: 'Where is it?' }],
      ['response.reasoning_summary_part.done', { ...place, part: { type: 'summary_text', text: 'Where is it?' } }],
      ['response.output_item.done', { output_index: 0, item: reasoning }],
      ['response.output_item.added', { output_index: 1, item: called('in_progress', '') }],
      ['response.function_call_arguments.delta', { ...ofCall, delta: '{"city":' }],
      ['response.function_call_arguments.delta', { ...ofCall, delta: '"Bonn"}' }],
      ['response.function_call_arguments.done', { ...ofCall, arguments: args, name: 'weather' }],
      ['response.output_item.done', { output_index: 1, item: called('completed', args) }],
      ['response.completed', { response: { ...head, ...end, usage: usage(0, 0) } }],
    ]),
  );
});

const none: StreamOutcome = {
  text: '',
  served: undefined,
  provider: undefined,
  usage: undefined,
  costUsd: undefined,
  finish: undefined,
};

/** The types of the events for these parts of an answer, and the last response. */
function told(parts: readonly AnswerDelta[], finish: string, body: object = {}) {
  const call = callOf(body);
  const writer = new ResponseWriter(call, call.native, 'm');
  const outcome = { ...none, finish };
  const pieces = [...parts.flatMap((part) => writer.delta(part, outcome)), ...writer.end(outcome)];
  const events = pieces.map((piece) => JSON.parse(piece.toString().split('\ndata: ')[1] ?? ''));
  return { types: events.map(({ type }) => type.replace('response.', '')), response: events.at(-1).response, events };
}

test('the own words of a model are the content of its reasoning, and a summary where the client asks for one', () => {
  const thought = { text: 'Hm', isSummary: false };
  expect(told([{ thought }, { text: 'Yes' }], 'stop').types.slice(2, 8)).toEqual([
    ...['output_item.added', 'content_part.added', 'reasoning_text.delta', 'reasoning_text.done'],
    ...['content_part.done', 'output_item.done'],
  ]);
  expect(told([{ thought }], 'stop').response.output[0]).toMatchObject({
    summary: [],
    content: [{ type: 'reasoning_text', text: 'Hm' }],
  });
  expect(told([{ thought }], 'stop', { reasoning: { summary: 'auto' } }).response.output[0].summary).toEqual([
    { type: 'summary_text', text: 'Hm' },
  ]);
});

test('a refusal is a part of the message', () => {
  const { types, response } = told([{ refusal: 'I can' }, { refusal: 'not' }], 'stop');
  expect(types.slice(2, -1)).toEqual([
    ...['output_item.added', 'content_part.added', 'refusal.delta', 'refusal.delta', 'refusal.done'],
    ...['content_part.done', 'output_item.done'],
  ]);
  expect(response.output[0].content).toEqual([{ type: 'refusal', refusal: 'I cannot' }]);
});

test.each([
  ['length', 'max_output_tokens'],
  ['content_filter', 'content_filter'],
])('an answer that ended by %s is incomplete, and its last item too', (finish, reason) => {
  const { types, response } = told([{ text: 'Half' }], finish);
  expect(types.at(-1)).toBe('incomplete');
  expect(response).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason },
    completed_at: null,
    output: [{ status: 'incomplete' }],
  });
});

test('calls of custom tools have their input as text', () => {
  const tools = [{ type: 'custom', name: 'sql' }];
  const calls = [{ index: 0, id: 'c1', name: 'sql', input: '{"input":"select 1"}' }];
  const { types, response } = told([{ calls }], 'tool_calls', { tools });
  expect(types.slice(2, -1)).toEqual([
    ...['output_item.added', 'custom_tool_call_input.delta', 'custom_tool_call_input.done', 'output_item.done'],
  ]);
  expect(response.output).toMatchObject([{ type: 'custom_tool_call', call_id: 'c1', name: 'sql', input: 'select 1' }]);
});

test('calls at once are one item after the other, also where an endpoint counts or names them alike', () => {
  const calls = (index: number, id: string | undefined, input: string) => [
    { calls: [{ index, id, name: id && 'f', input }] },
  ];
  const { response } = told(
    [...calls(0, 'a', '{"x":'), ...calls(0, undefined, '1}'), ...calls(0, 'b', '')],
    'tool_calls',
  );
  expect(response.output).toMatchObject([
    { call_id: 'a', arguments: '{"x":1}' },
    { call_id: 'b', arguments: '{}' },
  ]);
  const twice = told([...calls(0, 'a', '{}'), ...calls(1, 'a', '{}')], 'tool_calls').response.output;
  expect(twice.map((one: { call_id: string }) => one.call_id)).toEqual(['a', 'a_2']);
});

test('a piece of a call that nobody began is no answer', () => {
  expect(() => told([{ calls: [{ index: 0, input: '{}' }] }], 'tool_calls')).toThrow(LlmFailure);
});

test('details that come behind the text are an item at the end', () => {
  const { response } = told([{ text: 'Yes' }, { details: [{ type: 'reasoning.encrypted', data: 'x' }] }], 'stop');
  expect(response.output).toMatchObject([
    { type: 'message' },
    { type: 'reasoning', summary: [], encrypted_content: expect.stringMatching(/^trunkline\.1\./) },
  ]);
});

test('an answer that broke off ends in a failed response with what came of it', () => {
  const call = callOf();
  const writer = new ResponseWriter(call, call.native, 'm');
  writer.delta({ text: 'Half' }, none);
  const error = { code: 'upstream_failed', message: 'the answer broke off' };
  const [, data = ''] = writer.failed(error).toString().split('\ndata: ');
  expect(JSON.parse(data)).toMatchObject({
    type: 'response.failed',
    sequence_number: 5,
    response: { id, status: 'failed', error, output: [{ status: 'incomplete', content: [{ text: 'Half' }] }] },
  });
});

test('as long as nothing was said, nothing is told, so that another target can serve the call', () => {
  const call = callOf();
  const reader = llmProfiles.get('anthropic')?.readStream({}, call, 'm');
  const [start = '', block = ''] = CALL_STREAMS.anthropic.split(/(?<=\n\n)/);
  expect(reader?.push(Buffer.from(start + block))).toHaveLength(0);
  expect(reader?.hasContent()).toBe(false);
});
