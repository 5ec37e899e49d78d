// Tests that a report of usage which counts less than nothing is told of, by every provider that reports any, and that the rest of it counts.

import { expect, test } from 'vitest';
import { usageOfMetadata } from '../../../adapters/realtime/gemini/usage.ts';
import { tokenUsage, usageSoFar } from '../../../adapters/realtime/openai/usage.ts';
import { soundUsage } from '../../../adapters/realtime/usage-fault.ts';

test.each([
  ['OpenAI', tokenUsage({ input_tokens: 5, output_tokens: -1 }), { inputTokens: 5, isFaulty: true }],
  [
    'OpenAI, in its details',
    tokenUsage({ output_tokens: 5, input_token_details: { cached_tokens_details: { audio_tokens: -1 } } }),
    { outputTokens: 5, isFaulty: true },
  ],
  ['OpenAI, with nothing else', tokenUsage({ total_tokens: -1 }), { isFaulty: true }],
  ['OpenAI Live', usageSoFar({ seconds: -3 }), { cumulative: true, isFaulty: true }],
  [
    'Gemini, in one part of a sum',
    usageOfMetadata({ promptTokenCount: 9, toolUsePromptTokenCount: -4 }),
    { inputTokens: 9, isFaulty: true },
  ],
  [
    'Gemini, in its details',
    usageOfMetadata({ totalTokenCount: 9, promptTokensDetails: [{ modality: 'AUDIO', tokenCount: -4 }] }),
    { totalTokens: 9, isFaulty: true },
  ],
  ['OpenAI, soundly', tokenUsage({ input_tokens: 5, output_tokens: 0 }), { inputTokens: 5, outputTokens: 0 }],
])('a count of less than nothing is left out and told: %s', (_, usage, expected) => {
  expect(usage).toEqual(expected);
});

test('a report is looked through to a depth that no sound one has', () => {
  let deep: object = { tokens: -1 };
  for (let level = 0; level < 100_000; level++) deep = { deep };
  expect(soundUsage({ deep }, {})).toBeUndefined();
});
