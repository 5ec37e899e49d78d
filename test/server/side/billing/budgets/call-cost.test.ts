// The worst case of a call.

import { expect, test } from 'vitest';
import { worstCaseMicroUsd } from '../../../../../server/side/billing/budgets/call-cost.ts';
import { createPrices } from '../../../../../server/side/billing/prices.ts';
import { llmCall } from '../../../../support/routing.ts';

test('the worst case is the most that the prompt may count plus all tokens that the answer may have', () => {
  const prices = createPrices({ m: { input: 2, output: 10 }, spoken: { input: 2, output: 10, audioInput: 40 } });
  const sized = { model: 'm', profile: 'openai', call: llmCall({ maxTokens: 50 }), body: 'a'.repeat(101) };
  expect(worstCaseMicroUsd(prices, sized)).toBe(51 * 2 + 50 * 10);
  expect(worstCaseMicroUsd(prices, { ...sized, model: 'nobody-knows' })).toBeUndefined();
  const data = 'A'.repeat(3200);
  const content = [{ type: 'input_audio', input_audio: { data, format: 'wav' } }];
  const heard = { ...sized, call: llmCall({ messages: [{ role: 'user', content }], maxTokens: 50 }), body: data };
  expect(worstCaseMicroUsd(prices, heard)).toBe(100 * 2 + 50 * 10);
  expect(worstCaseMicroUsd(prices, { ...heard, model: 'spoken' })).toBe(100 * 40 + 50 * 10);
});
