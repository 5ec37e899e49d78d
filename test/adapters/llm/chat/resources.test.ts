// Tests what hosted tools name at an account, and elsewhere: each with its place in the request.

import { expect, test } from 'vitest';
import { resourcesIn } from '../../../../adapters/llm/chat/resources.ts';
import { messagesCall, responsesCall } from '../../../../adapters/llm/index.ts';

test.each([
  [
    { type: 'file_search', vector_store_ids: ['vs_1', 'vs_2'] },
    ['vector_store_ids[0] vs_1', 'vector_store_ids[1] vs_2'],
  ],
  [{ type: 'code_interpreter', container: 'cntr_1' }, ['container cntr_1']],
  [{ type: 'code_interpreter', container: { type: 'auto', file_ids: ['file_1'] } }, ['container.file_ids[0] file_1']],
  [
    {
      type: 'shell',
      environment: { type: 'container_auto', skills: [{ type: 'skill_reference', skill_id: 'skill_1' }] },
    },
    ['environment.skills[0].skill_id skill_1'],
  ],
  [{ type: 'image_generation', input_image_mask: { file_id: 'file_2' } }, ['input_image_mask.file_id file_2']],
  [{ type: 'mcp', server_label: 'w', server_url: 'https://w.example' }, ['server_url https://w.example']],
  [{ type: 'mcp', connector_id: 'connector_gmail', authorization: 'secret' }, ['connector_id connector_gmail']],
  [{ type: 'namespace', tools: [{ type: 'mcp', tunnel_id: 'tunnel_1' }] }, ['tools[0].tunnel_id tunnel_1']],
])('%j names what lies elsewhere', (tool, found) => {
  expect(resourcesIn([tool], 'tools').map(({ param, name }) => `${param} ${name}`)).toEqual(
    found.map((one) => `tools[0].${one}`),
  );
});

test.each([
  [{ type: 'web_search', filters: { allowed_domains: ['a.example'] } }],
  [{ type: 'code_interpreter', container: { type: 'auto' } }],
  [{ type: 'function', name: 'f', parameters: { examples: [{ file_id: 'x', container: 'y' }] } }],
  [{ type: 'custom', name: 'c', format: { type: 'text' }, container: 'x' }],
])('%j names nothing', (tool) => {
  expect(resourcesIn([tool], 'tools')).toEqual([]);
});

test('calls of both forms tell of them, items that bring tools included', () => {
  const mcp = { type: 'mcp', server_url: 'https://w.example' };
  const items = [
    { role: 'user', content: 'x' },
    { type: 'additional_tools', tools: [mcp] },
  ];
  const { native } = responsesCall({ body: { tools: [mcp] }, items, maxTokens: 10 });
  expect(native?.resources?.map(({ param }) => param)).toEqual(['tools[0].server_url', 'input[1].tools[0].server_url']);
  const body = { messages: [{ role: 'user', content: 'x' }], tools: [{ type: 'x_20260101', file_ids: ['f'] }] };
  expect(messagesCall({ body, maxTokens: 10, betas: [] }).native?.resources).toEqual([
    { param: 'tools[0].file_ids[0]', name: 'f' },
  ]);
});
