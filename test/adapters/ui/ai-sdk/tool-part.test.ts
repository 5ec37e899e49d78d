// Calls of tools in the messages of `useChat`, and the items that they become.

import type { UIMessage } from 'ai';
import { describe, expect, test } from 'vitest';
import { readChatRequest } from '../../../../adapters/ui/ai-sdk/request.ts';

const user = (text: string, id = 'u1'): UIMessage => ({ id, role: 'user', parts: [{ type: 'text', text }] });
const assistant = (parts: readonly unknown[], id = 'a1') => ({ id, role: 'assistant', parts });
const call = (state: string, more: object = {}) => ({
  ...{ type: 'tool-weather', toolCallId: 'call_1', state, input: { city: 'Rome' } },
  ...more,
});
const asked = (messages: readonly unknown[], more: object = {}) =>
  readChatRequest({ id: 'chat-1', messages, trigger: 'submit-message', ...more });
const bodyOf = (messages: readonly unknown[], more: object = {}) => {
  const request = asked(messages, more);
  return 'body' in request ? request.body : undefined;
};
const inputOf = (messages: readonly unknown[], more: object = {}) =>
  bodyOf(messages, more)?.input as readonly object[] | undefined;

describe('tool calls', () => {
  const itemsOf = (part: object) => inputOf([user('Weather?'), assistant([{ type: 'step-start' }, part])])?.slice(1);
  const item = { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Rome"}' };
  const output = (text: string) => ({ type: 'function_call_output', call_id: 'call_1', output: text });

  test.each([
    ['an output that is text', call('output-available', { output: 'Sunny' }), 'Sunny'],
    ['any other output', call('output-available', { output: { degrees: 20 } }), '{"degrees":20}'],
    ['no output', call('output-available'), 'null'],
    ['an error', call('output-error', { errorText: 'no such city' }), '{"error":"no such city"}'],
    ['a denial', call('output-denied', { approval: { id: 'x', approved: false } }), 'Tool call execution denied.'],
    [
      'a denial with a reason',
      call('approval-responded', { approval: { id: 'x', approved: false, reason: 'Too dear' } }),
      'Too dear',
    ],
    [
      'a tool of unknown types',
      { ...call('output-available', { output: 'Sunny' }), type: 'dynamic-tool', toolName: 'weather' },
      'Sunny',
    ],
  ])('a call with %s goes on with it', (_, part, text) => {
    expect(itemsOf(part)).toEqual([item, output(text)]);
  });

  test('the outputs of a step stand behind all of its calls', () => {
    const [one, two] = ['call_1', 'call_2'].map((toolCallId) => ({
      ...call('output-available', { output: 'x' }),
      toolCallId,
    }));
    const parts = [{ type: 'step-start' }, one, two, { type: 'step-start' }, { type: 'text', text: 'Done.' }];
    const items = inputOf([user('Weather?'), assistant(parts), user('Thanks')]) as { type?: string }[];
    expect(items.map(({ type = 'message' }) => type)).toEqual([
      ...[
        'message',
        'function_call',
        'function_call',
        'function_call_output',
        'function_call_output',
        'message',
        'message',
      ],
    ]);
  });

  test('a tool that takes text gets the text', () => {
    const tools = [{ type: 'custom', name: 'weather' }];
    const part = call('output-available', { input: 'Rome', output: 'Sunny' });
    expect(inputOf([user('x'), assistant([part])], { tools })?.slice(1)).toEqual([
      { type: 'custom_tool_call', call_id: 'call_1', name: 'weather', input: 'Rome' },
      { type: 'custom_tool_call_output', call_id: 'call_1', output: 'Sunny' },
    ]);
  });

  test('a call without an output is superseded by a later message, and is missed in the last one', () => {
    const messages = [user('Weather?'), assistant([call('input-available')])];
    expect(inputOf([...messages, user('Never mind')])).toHaveLength(2);
    expect(() => asked(messages)).toThrow(
      expect.objectContaining({
        field: 'messages[1].parts[0].state',
        message: expect.stringContaining('the output of this tool call'),
      }),
    );
    expect(() => asked([user('x'), assistant([call('approval-requested', { approval: { id: 'a' } })])])).toThrow(
      "user's answer",
    );
  });

  test('a call that broke off, and one that the host of the model has run, do not go on', () => {
    const parts = [call('input-streaming'), { ...call('output-available', { output: 1 }), providerExecuted: true }];
    expect(inputOf([user('x'), assistant(parts), user('y')])).toHaveLength(2);
  });
});
