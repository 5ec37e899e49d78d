// Tests when Anthropic's models think, how long, and what they are told of what they thought before.

import { describe, expect, test } from 'vitest';
import { anthropicProfile } from '../../../../adapters/llm/anthropic/profile.ts';
import { sealed } from '../../../../adapters/llm/chat/reasoning.ts';
import { responsesCall } from '../../../../adapters/llm/index.ts';

const user = { role: 'user', content: 'Hi' };

/** The body that a model is sent for a Responses request. */
function sent(model: string, body: object, items: readonly object[] = [user], maxTokens = 10_000) {
  const call = responsesCall({ body: { ...body }, items: items as never, maxTokens });
  const asked = { ...call, native: call.native && { ...call.native, target: 'one/m' } };
  const target = { baseUrl: 'https://a.example/v1', apiKey: 'k', model, settings: {} };
  return JSON.parse(anthropicProfile.toRequest(asked, target).body);
}

const low = { reasoning: { effort: 'low' } };

test('a call that asks for an effort has a budget, which is a part of the answer', () => {
  expect(sent('claude-sonnet-4-5', low).thinking).toEqual({ type: 'enabled', budget_tokens: 2000 });
  expect(sent('claude-3-7-sonnet-latest', { reasoning: { effort: 'high' } }).thinking.budget_tokens).toBe(8000);
  expect(sent('claude-opus-4-1', low, [user], 100_000).thinking.budget_tokens).toBe(20_000);
});

test('later models are told the effort, and to tell what they think where a summary is asked for', () => {
  expect(sent('claude-opus-4-7', low)).toMatchObject({
    thinking: { type: 'adaptive' },
    output_config: { effort: 'low' },
  });
  expect(sent('claude-sonnet-5', { reasoning: { effort: 'xhigh', summary: 'auto' } })).toMatchObject({
    thinking: { type: 'adaptive', display: 'summarized' },
    output_config: { effort: 'high' },
  });
});

const tools = [{ type: 'function', name: 'f' }];

describe('a model does not think', () => {
  test.each<[string, string, object, number?]>([
    ['unless it is asked to', 'claude-sonnet-4-5', {}],
    ['where the client wants none', 'claude-sonnet-4-5', { reasoning: { effort: 'none' } }],
    ['when it cannot', 'claude-3-5-haiku-latest', low],
    ['when the answer has no room for it', 'claude-sonnet-4-5', low, 1024],
    ['at a temperature', 'claude-sonnet-4-5', { ...low, temperature: 0.5 }],
    ['when it must call a tool', 'claude-sonnet-4-5', { ...low, tools, tool_choice: 'required' }],
  ])('%s', (_, model, body, maxTokens) => {
    expect(sent(model, body, [user], maxTokens)).not.toHaveProperty('thinking');
  });
});

const calling = { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' };
const result = { type: 'function_call_output', call_id: 'a', output: 'one' };
const thought = { type: 'reasoning.text', text: 'Hm', signature: 'c2ln', index: 0, format: 'anthropic-claude-v1' };
const redacted = { type: 'reasoning.encrypted', data: 'x', index: 1, format: 'anthropic-claude-v1' };
const reasoning = (target: string) => ({
  type: 'reasoning',
  summary: [],
  encrypted_content: sealed(target, [thought, redacted]),
});

test('what the model thought stands in front of the calls that came of it', () => {
  const { messages, thinking } = sent('claude-sonnet-4-5', { ...low, tools }, [
    user,
    reasoning('one/m'),
    calling,
    result,
  ]);
  expect(messages[1]).toEqual({
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'Hm', signature: 'c2ln' },
      { type: 'redacted_thinking', data: 'x' },
      { type: 'tool_use', id: 'a', name: 'f', input: {} },
    ],
  });
  expect(thinking).toBeDefined();
});

test('a model whose thoughts about these calls are lost goes on without', () => {
  for (const items of [
    [user, calling, result],
    [user, reasoning('two/m'), calling, result],
  ])
    expect(sent('claude-sonnet-4-5', { ...low, tools }, items)).not.toHaveProperty('thinking');
});

test('files are documents', () => {
  const content = [
    { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' },
    { type: 'input_file', filename: 'b.txt', file_data: 'data:text/plain;base64,SGk=' },
  ];
  expect(sent('claude-sonnet-4-5', {}, [{ role: 'user', content }]).messages[0].content).toEqual([
    { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' }, title: 'a.pdf' },
    { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Hi' }, title: 'b.txt' },
  ]);
});
