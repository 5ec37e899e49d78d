// Usage of chat completions as providers and gateways report it: what some of them leave out of a count is counted all the same.

import { expect, test } from 'vitest';
import { completionsUsage } from '../../../../adapters/llm/usage/usage.ts';

test.each<[string, object, object]>([
  [
    'OpenAI, with reasoning inside of the completion',
    {
      ...{ prompt_tokens: 10, completion_tokens: 50, total_tokens: 60 },
      completion_tokens_details: { reasoning_tokens: 40, audio_tokens: 0 },
    },
    { inputTokens: 10, outputTokens: 50 },
  ],
  [
    'xAI, with reasoning beside the completion',
    {
      ...{ prompt_tokens: 10, completion_tokens: 5, total_tokens: 115 },
      completion_tokens_details: { reasoning_tokens: 100 },
    },
    { inputTokens: 10, outputTokens: 105 },
  ],
  [
    "Google's endpoint of this form, with thoughts in the total alone",
    { prompt_tokens: 10, completion_tokens: 5, total_tokens: 215 },
    { inputTokens: 10, outputTokens: 205 },
  ],
  [
    'a gateway to Anthropic, with a prompt that leaves out what was cached',
    {
      ...{ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
      ...{ cache_read_input_tokens: 1000, cache_creation_input_tokens: 200 },
    },
    { inputTokens: 1210, outputTokens: 5, cachedTokens: 1000, cacheWriteTokens: 200 },
  ],
  [
    'a gateway to Anthropic, with a total that has what was cached',
    { prompt_tokens: 10, completion_tokens: 5, total_tokens: 1015, prompt_tokens_details: { cached_tokens: 1000 } },
    { inputTokens: 1010, outputTokens: 5, cachedTokens: 1000 },
  ],
  [
    'LiteLLM, with what is cached for an hour',
    {
      ...{ prompt_tokens: 1210, completion_tokens: 5, cache_creation_input_tokens: 200 },
      prompt_tokens_details: { cache_creation_token_details: { ephemeral_1h_input_tokens: 150 } },
    },
    { inputTokens: 1210, cacheWriteTokens: 200, cacheWriteHourTokens: 150 },
  ],
  [
    'DeepSeek',
    { prompt_tokens: 100, completion_tokens: 5, prompt_cache_hit_tokens: 64, prompt_cache_miss_tokens: 36 },
    { inputTokens: 100, cachedTokens: 64 },
  ],
  ['Moonshot', { prompt_tokens: 100, completion_tokens: 5, cached_tokens: 64 }, { cachedTokens: 64 }],
  [
    'LiteLLM, with searches of the web',
    { prompt_tokens: 100, completion_tokens: 5, server_tool_use: { web_search_requests: 3 } },
    { webSearches: 3 },
  ],
])('%s', (_, usage, expected) => {
  expect(completionsUsage(usage)).toMatchObject(expected);
});

test.each([
  [{ prompt_tokens: 10, completion_tokens: 5, total_tokens: 3 }],
  [{ prompt_tokens: 10, completion_tokens: 5, total_tokens: null }],
  [{ prompt_tokens: 10, completion_tokens: 5, total_tokens: '900' }],
  [{ prompt_tokens: 10, completion_tokens: 5, total_tokens: -1 }],
])('a total that adds nothing changes nothing: %j', (usage) => {
  expect(completionsUsage(usage)).toMatchObject({ inputTokens: 10, outputTokens: 5 });
});

test.each([
  [{ prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: -1, audio_tokens: 3 } }, true],
  [{ prompt_tokens: 10, completion_tokens: 5, cost: { total_cost: -1 } }, true],
  [{ prompt_tokens: 10, completion_tokens: 5, cost: 0.1, cost_details: { cache_discount: -0.02 } }, undefined],
])('a count of less than nothing is left out and told, a discount is none: %j', (usage, isFaulty) => {
  const read = completionsUsage(usage);
  expect([read?.inputTokens, read?.cachedTokens, read?.isFaulty]).toEqual([10, undefined, isFaulty]);
});

test.each([[undefined], [null], [{}], [{ prompt_tokens: 10 }], [{ prompt_tokens: 'ten', completion_tokens: 5 }]])(
  'what is no report is none: %j',
  (usage) => {
    expect(completionsUsage(usage)).toBeUndefined();
  },
);
