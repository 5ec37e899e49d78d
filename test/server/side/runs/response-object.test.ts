// The response object as it is before any endpoint has said something.

import { expect, test } from 'vitest';
import { queuedResponse } from '../../../../server/side/runs/response-object.ts';

test('a response repeats the tools of its request without what opens their servers', () => {
  const own = { id: 'resp_1', previous: undefined, isKept: true, isBackground: false };
  const mcp = { type: 'mcp', server_label: 'wiki', server_url: 'https://wiki.example' };
  const secret = { ...mcp, authorization: 'secret', headers: { 'x-key': 'secret' } };
  const tools = [secret, { type: 'web_search' }, { type: 'namespace', name: 'all', tools: [secret] }];
  const response = queuedResponse({ own, body: { tools, tool_choice: 'auto' }, createdAt: 1000 });
  expect(JSON.parse(JSON.stringify(response))).toMatchObject({
    tools: [mcp, { type: 'web_search' }, { type: 'namespace', name: 'all', tools: [mcp] }],
  });
  expect(JSON.stringify(response)).not.toContain('secret');
});
