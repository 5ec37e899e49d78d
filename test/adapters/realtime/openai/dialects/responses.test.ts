// Tests what the tap learns from Responses events over WebSocket.

import { expect, test } from 'vitest';
import { openaiResponsesDialect as dialect } from '../../../../../adapters/realtime/openai/dialects/responses.ts';
import { frameOf } from '../../../../support/frames.ts';

const downstream = (event: object) => dialect.observe(frameOf(event), 'downstream');
const usage = {
  input_tokens: 36,
  input_tokens_details: { cached_tokens: 8, cache_write_tokens: 0 },
  output_tokens: 87,
  output_tokens_details: { reasoning_tokens: 12 },
  total_tokens: 123,
};

test('response.create is the request, the first text its answer', () => {
  expect(dialect.observe(frameOf({ type: 'response.create', model: 'm' }), 'upstream')).toEqual({
    type: 'response.create',
    mark: 'request',
  });
  expect(dialect.observe(frameOf({ type: 'response.steer' }), 'upstream')).toEqual({ type: 'response.steer' });
  expect(downstream({ type: 'response.output_text.delta', delta: 'x' })?.mark).toBe('text');
  expect(downstream({ type: 'response.reasoning_text.delta', delta: 'x' })).toEqual({
    type: 'response.reasoning_text.delta',
  });
});

test('response.created tells the model', () => {
  const event = { type: 'response.created', response: { model: 'gpt-6.1-sol' } };
  expect(downstream(event)).toEqual({ type: 'response.created', model: 'gpt-6.1-sol' });
});

test.each(['response.completed', 'response.incomplete', 'response.failed'])(
  '%s ends the turn, with its usage',
  (type) => {
    const counted = { inputTokens: 36, outputTokens: 87, totalTokens: 123, cachedTokens: 8 };
    expect(downstream({ type, response: { usage } })).toEqual({ type, mark: 'turn-done', usage: counted });
    expect(downstream({ type, response: { usage: null } })?.usage).toBeUndefined();
  },
);

test('searches of the web are counted beside the tokens, the pages that were opened are not', () => {
  const output = [
    { type: 'web_search_call', action: { type: 'search', query: 'x' } },
    { type: 'web_search_call' },
    { type: 'web_search_call', action: { type: 'open_page' } },
    { type: 'message' },
  ];
  const type = 'response.completed';
  expect(downstream({ type, response: { usage, output } })?.usage).toMatchObject({ inputTokens: 36, webSearches: 2 });
  expect(downstream({ type, response: { output } })?.usage).toBeUndefined();
});

test('the dialect has a name of its own, though events of Realtime have the same names', () => {
  expect(downstream({ type: 'response.done', response: { usage } })).toEqual({ type: 'response.done' });
});
