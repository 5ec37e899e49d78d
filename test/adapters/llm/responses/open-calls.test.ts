// Tests which calls of a conversation wait for the client, and what they wait for.

import { expect, test } from 'vitest';
import { missingOutput, openCalls } from '../../../../adapters/llm/responses/open-calls.ts';

const message = { type: 'message', role: 'user', content: 'Look' };

test.each([
  ['function_call', 'function_call_output', { name: 'look' }],
  ['custom_tool_call', 'custom_tool_call_output', {}],
  ['computer_call', 'computer_call_output', {}],
  ['local_shell_call', 'local_shell_call_output', {}],
  ['shell_call', 'shell_call_output', {}],
  ['apply_patch_call', 'apply_patch_call_output', {}],
  ['tool_search_call', 'tool_search_output', { execution: 'client' }],
])('a %s waits for its %s, unless that is there', (type, output, named) => {
  const call = { type, id: 'item', call_id: 'c', ...named };
  const other = { ...call, call_id: 'd' };
  expect(openCalls([call, message, other, { type: output, call_id: 'd' }])).toEqual([call]);
  expect(missingOutput(call)).toEqual({ type: output, call_id: 'c', ...named });
});

test('what asks for an approval waits for the response that names it', () => {
  const [asked, other] = ['a', 'b'].map((id) => ({ type: 'mcp_approval_request', id, name: 'look', arguments: '{}' }));
  const given = { type: 'mcp_approval_response', approval_request_id: 'b', approve: true };
  expect(openCalls([asked ?? {}, other ?? {}, given])).toEqual([asked]);
  expect(missingOutput(asked ?? {})).toEqual({ type: 'mcp_approval_response', approval_request_id: 'a' });
});

test('calls that the endpoint runs wait for nobody', () => {
  const search = { type: 'tool_search_call', call_id: null, execution: 'server' };
  expect(openCalls([message, search, { type: 'web_search_call', id: 'ws' }, { type: 'mcp_call', id: 'm' }])).toEqual(
    [],
  );
});
