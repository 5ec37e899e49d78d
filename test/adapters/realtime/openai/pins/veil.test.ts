// Pinned instructions and tools that clients are not shown, in Responses and in Live.

import { expect, test } from 'vitest';
import type { JsonObject } from '../../../../../codecs/json/object.ts';
import { dialectAt } from '../../../../support/pin-policy/cases.ts';

function shown(path: string, pinned: JsonObject, event: object): unknown {
  const text = JSON.stringify(event);
  const veil = dialectAt(path).pins?.hold(pinned).fromProvider;
  const found = veil?.({ data: Buffer.from(text), binary: false, at: 0 });
  return JSON.parse(found?.data.toString() ?? text);
}

const tools = [{ type: 'function', name: 'book' }];

test.each(['created', 'in_progress', 'completed', 'incomplete', 'failed', 'queued'])(
  'Responses: response.%s has neither instructions nor tools',
  (name) => {
    const listed = { type: 'mcp_list_tools', server_label: 'a' };
    const response = { id: 'r', model: 'gpt-5', output: [{ ...listed, tools }] };
    const event = { type: `response.${name}`, response: { ...response, instructions: 'x', tools, prompt: null } };
    expect(shown('/v1/responses', { instructions: 'x', tools }, event)).toEqual({
      type: `response.${name}`,
      response: { id: 'r', model: 'gpt-5', output: [listed], prompt: null },
    });
  },
);

test('Responses: what is not pinned is shown', () => {
  const event = { type: 'response.created', response: { id: 'r', instructions: 'mine', tools } };
  expect(shown('/v1/responses', { tools }, event)).toEqual({
    type: 'response.created',
    response: { id: 'r', instructions: 'mine' },
  });
});

test('Live: the session and what its delegation says have neither instructions nor tools', () => {
  const responses = { model: 'gpt-5', instructions: 'x', tools };
  const pinned = { instructions: 'x', delegation: { type: 'responses', responses } };
  const session = { id: 's', model: 'gpt-live-1' };
  for (const type of ['session.started', 'session.updated', 'session.closed'])
    expect(shown('/v1/live/sessions', pinned, { type, session: { ...session, ...pinned } })).toEqual({
      type,
      session: { ...session, delegation: { type: 'responses', responses: { model: 'gpt-5' } } },
    });
  const wrapped = { type: 'response.created', response: { id: 'r', instructions: 'x', tools } };
  expect(shown('/v1/live/sessions', pinned, { type: 'response.event', event: wrapped })).toEqual({
    type: 'response.event',
    event: { type: 'response.created', response: { id: 'r' } },
  });
});
