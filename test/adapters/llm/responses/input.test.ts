// Tests what a Responses request becomes in the form of chat completions, and what of it has no form there.

import { describe, expect, test } from 'vitest';
import { sealed } from '../../../../adapters/llm/chat/reasoning.ts';
import type { LlmTarget } from '../../../../adapters/llm/contract.ts';
import { apiFor, llmProfiles, responsesCall } from '../../../../adapters/llm/index.ts';

const called = (body: object, ...items: object[]) =>
  responsesCall({ body: { ...body }, items: items as never, maxTokens: 5000 });
const messagesOf = (...items: object[]) => called({}, ...items).messages;
const user = { role: 'user', content: 'Hi' };

test('instructions and messages of every role', () => {
  const items = [
    { type: 'message', role: 'developer', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'a' },
        { type: 'input_text', text: 'b' },
      ],
    },
    { type: 'message', role: 'assistant', id: 'msg_1', content: [{ type: 'output_text', text: 'c', annotations: [] }] },
    { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
  ];
  expect(called({ instructions: 'You are kind.' }, ...items).messages).toEqual([
    { role: 'system', content: 'You are kind.' },
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'a\nb' },
    { role: 'assistant', content: 'c' },
    { role: 'assistant', content: 'no' },
  ]);
});

test('images, files and recordings', () => {
  const content = [
    { type: 'input_text', text: 'Look' },
    { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' },
    { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,BBBB' },
    { type: 'input_audio', input_audio: { data: 'CCCC', format: 'wav' } },
  ];
  expect(messagesOf({ role: 'user', content })[0]?.content).toEqual([
    { type: 'text', text: 'Look' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
    { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,BBBB' } },
    { type: 'input_audio', input_audio: { data: 'CCCC', format: 'wav' } },
  ]);
});

test('calls at once are one message, their results follow, and what else tools gave comes behind them', () => {
  const image = { type: 'input_image', image_url: 'data:image/png;base64,AAAA' };
  const items = [
    user,
    { type: 'message', role: 'assistant', content: 'Wait' },
    { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
    { type: 'custom_tool_call', call_id: 'b', name: 'sql', input: 'select 1' },
    { type: 'function_call_output', call_id: 'a', output: 'one' },
    { type: 'custom_tool_call_output', call_id: 'b', output: [{ type: 'input_text', text: 'two' }, image] },
  ];
  expect(messagesOf(...items).slice(1)).toEqual([
    {
      role: 'assistant',
      content: 'Wait',
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } },
        { id: 'b', type: 'function', function: { name: 'sql', arguments: '{"input":"select 1"}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'a', content: 'one' },
    { role: 'tool', tool_call_id: 'b', content: 'two' },
    {
      role: 'user',
      content: [
        { type: 'text', text: '(What the tools gave.)' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      ],
    },
  ]);
});

test('fields of the same meaning', () => {
  const format = { type: 'json_schema', name: 'a', schema: { type: 'object' }, strict: true };
  const body = {
    text: { format, verbosity: 'low' },
    reasoning: { effort: 'low' },
    top_p: 0.5,
    top_logprobs: 2,
    prompt_cache_key: 'k',
    tools: [
      { type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
      { type: 'custom', name: 'g' },
    ],
    tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'f' }] },
    parallel_tool_calls: false,
  };
  expect(called(body, user).extra).toEqual({
    tools: [
      { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true } },
    ],
    tool_choice: 'required',
    parallel_tool_calls: false,
    response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' }, strict: true } },
    verbosity: 'low',
    top_p: 0.5,
    prompt_cache_key: 'k',
    reasoning_effort: 'low',
    logprobs: true,
    top_logprobs: 2,
  });
});

describe('without a form in chat completions are', () => {
  test.each<[string, object, object[]]>([
    [
      'tools[1]',
      {
        tools: [
          { type: 'function', name: 'f' },
          { type: 'file_search', vector_store_ids: [] },
        ],
      },
      [user],
    ],
    [
      'tools[0]',
      { tools: [{ type: 'custom', name: 'f', format: { type: 'grammar', syntax: 'lark', definition: 'x' } }] },
      [user],
    ],
    ['tool_choice', { tools: [{ type: 'function', name: 'f' }], tool_choice: { type: 'web_search' } }, [user]],
    ['input[1].type', {}, [user, { type: 'computer_call', call_id: 'c' }]],
  ])('%s', (param, body, items) => {
    expect(called(body, ...items).native?.untranslated).toMatchObject({ param });
  });
});

const target: LlmTarget = { baseUrl: 'https://a.example/v1', apiKey: 'k', model: 'm', settings: {} };
const details = [{ type: 'reasoning.text', text: 'Hm', format: 'field:reasoning_content', index: 0 }];
const reasoning = (target: string) => ({ type: 'reasoning', summary: [], encrypted_content: sealed(target, details) });
const calling = { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' };
const result = { type: 'function_call_output', call_id: 'a', output: 'one' };

/** The messages that an endpoint of chat completions is sent. */
function sentTo(label: string, ...items: object[]) {
  const call = called({}, ...items);
  const asked = { ...call, native: call.native && { ...call.native, target: label } };
  const profile = llmProfiles.get('openai-compatible');
  if (profile === undefined) throw new Error('no profile');
  return JSON.parse(apiFor(profile, asked, {}).toRequest(asked, target).body).messages;
}

test('reasoning goes back to the target that sealed it, as long as its tools are to be answered', () => {
  const items = [user, reasoning('one/m'), calling, result];
  expect(sentTo('one/m', ...items)[1]).toMatchObject({ role: 'assistant', reasoning_content: 'Hm' });
  expect(JSON.stringify(sentTo('two/m', ...items))).not.toMatch(/Hm|sealed|trunkline/);
  expect(JSON.stringify(sentTo('one/m', ...items, user))).not.toMatch(/Hm|sealed|trunkline/);
});

test('an endpoint is asked in its own form, unless its gateway says otherwise', () => {
  const urlFor = (name: string, settings: Record<string, string>) => {
    const profile = llmProfiles.get(name);
    if (profile === undefined) throw new Error(`no profile ${name}`);
    const call = called({}, user);
    return apiFor(profile, call, settings).toRequest(call, { ...target, settings }).url;
  };
  expect(urlFor('openai', {})).toBe('https://a.example/v1/responses');
  expect(urlFor('openai', { responses: 'translated' })).toBe('https://a.example/v1/chat/completions');
  expect(urlFor('openai-compatible', {})).toBe('https://a.example/v1/chat/completions');
  expect(urlFor('openai-compatible', { responses: 'native' })).toBe('https://a.example/v1/responses');
  expect(['openrouter', 'vercel', 'litellm', 'bifrost'].map((name) => urlFor(name, {}))).toEqual(
    Array.from({ length: 4 }, () => 'https://a.example/v1/responses'),
  );
});

test('the policy of a target stands in its request of the form, whatever the client wrote', () => {
  const profile = llmProfiles.get('openrouter');
  if (profile === undefined) throw new Error('no profile');
  const call = called(
    { model: 'x', store: true, background: true, previous_response_id: 'resp_1' },
    user,
    reasoning('one/m'),
  );
  const terms = { ...target, retention: 'zdr', providers: ['a'] } as const;
  expect(JSON.parse(apiFor(profile, call, {}).toRequest(call, terms).body)).toEqual({
    model: 'm',
    input: [user],
    max_output_tokens: 5000,
    store: false,
    provider: { allow_fallbacks: false, require_parameters: true, data_collection: 'deny', only: ['a'], zdr: true },
  });
});

test('items whose reasoning an endpoint of the form cannot be given lose the ids that would ask for it', () => {
  const profile = llmProfiles.get('openai');
  if (profile === undefined) throw new Error('no profile');
  const inputOf = (...items: object[]) => {
    const call = called({}, ...items);
    return JSON.parse(apiFor(profile, call, {}).toRequest(call, target).body).input;
  };
  const withId = { ...calling, id: 'fc_1' };
  const own = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA' };
  expect(inputOf(user, own, withId, result)).toEqual([user, own, withId, result]);
  expect(inputOf(user, reasoning('one/m'), withId, result)).toEqual([user, calling, result]);
  expect(inputOf(user, { type: 'reasoning', id: 'rs_1', summary: [] }, withId)).toEqual([user, calling]);
});
