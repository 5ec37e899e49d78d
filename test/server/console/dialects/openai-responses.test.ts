// The client of OpenAI Responses: one chain of responses over one socket.

import { expect, test } from 'vitest';
import type { SessionSettings } from '../../../../server/console/dialects/dialect.ts';
import { openaiResponses } from '../../../../server/console/dialects/openai-responses.ts';

const settings: SessionSettings = {
  model: 'gpt-5.5',
  instructions: '',
  voice: '',
  modality: 'text',
  turnTaking: 'detect',
  tools: false,
};
const input = (text: string) => [{ type: 'message', role: 'user', content: [{ type: 'input_text', text }] }];

test('a session sends no settings, and offers no subprotocol without a key', () => {
  expect(openaiResponses.createClient(settings)).not.toHaveProperty('open');
  expect(openaiResponses.address(settings, '')).toEqual({ query: {}, protocols: [] });
  expect(openaiResponses.address(settings, 'k').protocols).toContain('openai-insecure-api-key.k');
});

test('a request continues the previous response', () => {
  const client = openaiResponses.createClient(settings);
  expect(client.say('one')).toEqual([{ type: 'response.create', model: 'gpt-5.5', input: input('one') }]);
  client.read({ type: 'response.completed', response: { id: 'resp_1' } });
  expect(client.say('two')).toEqual([
    { type: 'response.create', model: 'gpt-5.5', previous_response_id: 'resp_1', input: input('two') },
  ]);
});

test('a message that is written during a reply waits for its end', () => {
  const client = openaiResponses.createClient(settings);
  client.say('one');
  expect(client.say('two')).toEqual([]);
  const { send } = client.read({ type: 'response.completed', response: { id: 'resp_1' } });
  expect(send).toMatchObject([{ previous_response_id: 'resp_1', input: input('two') }]);
});

test('tokens are read as they stream, and the end of a response with its status', () => {
  const client = openaiResponses.createClient(settings);
  client.say('one');
  expect(client.read({ type: 'response.output_text.delta', item_id: 'm', delta: 'A' }).events).toEqual([
    { kind: 'caption', side: 'provider', itemId: 'm', delta: 'A', final: false },
  ]);
  const failed = { type: 'response.failed', response: { id: 'r', error: { message: 'no capacity' } } };
  expect(client.read(failed).events).toMatchObject([{ kind: 'reply-done', status: 'failed', why: 'no capacity' }]);
});

test('a request does not continue a failed response', () => {
  const client = openaiResponses.createClient(settings);
  client.say('one');
  client.read({ type: 'response.failed', response: { id: 'resp_1' } });
  expect(client.say('two')[0]).not.toHaveProperty('previous_response_id');
});

test('a function call is answered in the next request, after the response that made it', () => {
  const client = openaiResponses.createClient({ ...settings, tools: true });
  expect(client.say('time?')[0]).toMatchObject({ tools: [{ type: 'function', name: 'get_local_time' }] });
  const item = { type: 'function_call', call_id: 'c1', name: 'get_local_time', arguments: '{}' };
  expect(client.read({ type: 'response.output_item.done', item }).events).toMatchObject([{ kind: 'tool-call' }]);
  expect(client.answer({ callId: 'c1', name: 'get_local_time', arguments: '{}' }, { t: 1 })).toEqual([]);
  const done = client.read({ type: 'response.completed', response: { id: 'resp_1' } });
  expect(done.events).toMatchObject([{ kind: 'reply-done', toolsPending: true }]);
  expect(done.send).toMatchObject([
    {
      previous_response_id: 'resp_1',
      input: [{ type: 'function_call_output', call_id: 'c1', output: '{"t":1}' }],
    },
  ]);
});

test('an error ends the reply that was asked for, so that the next message is sent', () => {
  const client = openaiResponses.createClient(settings);
  client.say('one');
  const { events } = client.read({ type: 'error', error: { code: 'bad', message: 'Bad.' } });
  expect(events).toMatchObject([
    { kind: 'error', code: 'bad', message: 'Bad.' },
    { kind: 'reply-done', status: 'failed' },
  ]);
  expect(client.say('two')).toHaveLength(1);
});
