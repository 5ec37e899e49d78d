// The order by price: by what this call may cost.

import { expect, test } from 'vitest';
import { llmProfiles } from '../../../../../adapters/llm/index.ts';
import { createPrices } from '../../../../../server/side/billing/prices.ts';
import { cheapestFirst } from '../../../../../server/side/llm/order/price.ts';
import { llmCall } from '../../../../support/routing.ts';

const profile = llmProfiles.get('openai-compatible') as NonNullable<ReturnType<typeof llmProfiles.get>>;
const prices = createPrices({
  'long-winded': { input: 1, output: 10 },
  reader: { input: 0.1, output: 50 },
  alike: { input: 1, output: 10 },
});
const named = (...models: string[]) =>
  models.map((model) => ({ model, pricedAs: model, prices, profile, isRehearsal: false }));
const order = (call: Parameters<typeof cheapestFirst>[1], ...models: string[]) => {
  const { targets, why } = cheapestFirst(named(...models), call);
  return { models: targets.map(({ model }) => model), why };
};

test('a long prompt goes where input is cheap, a short one with a long answer where output is', () => {
  const long = llmCall({ messages: [{ role: 'user', content: 'word '.repeat(20_000) }], maxTokens: 10 });
  expect(order(long, 'long-winded', 'reader').models).toEqual(['reader', 'long-winded']);
  const short = order(llmCall({ maxTokens: 1000 }), 'reader', 'long-winded');
  expect(short.models).toEqual(['long-winded', 'reader']);
  expect(short.why).toMatch(/^cheapest of 2: up to 0\.01\d* USD$/);
});

test('an unknown price comes last, and equal ones stay as they are', () => {
  expect(order(llmCall(), 'nobody-knows', 'nor-this', 'alike', 'long-winded')).toMatchObject({
    models: ['alike', 'long-winded', 'nobody-knows', 'nor-this'],
  });
  expect(order(llmCall(), 'nobody-knows', 'nor-this')).toEqual({
    models: ['nobody-knows', 'nor-this'],
    why: undefined,
  });
});

test('images count by what the model takes for one', () => {
  const content = [{ type: 'image_url', image_url: { url: 'https://a.example.com/a.png' } }];
  const { why } = order(llmCall({ messages: [{ role: 'user', content }], maxTokens: 1 }), 'alike', 'long-winded');
  expect(why).toMatch(/^cheapest of 2: up to 0\.005\d* USD$/);
});
