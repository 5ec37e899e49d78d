// No call gets a limit of tokens that nobody asked for; where a budget, a ceiling or an API needs one, it is what is left or the model's own.

import { expect, test } from 'vitest';
import { maxOutputTokens } from '../../../../adapters/llm/index.ts';
import { answered, at, call, collector, failed, gateway, routing } from '../../../support/routing.ts';
import { until } from '../../../support/until.ts';

const prices = { '*': { input: 1, output: 2 } };
const unlimited = { llm: { maxTokens: undefined } };
const classOf = (model: string, more = {}) => ({ commodity: { targets: [{ gateway: 'one', model }], ...more } });

async function sent(model: string, written: object = {}, profile = 'openai-compatible', body?: string) {
  const a = await gateway(body === undefined ? {} : { behaviour: { body } });
  const { router, store } = routing({ gateways: { one: at(a, { profile }) }, classes: classOf(model), ...written });
  const outcome = await router.run(call(unlimited));
  return { outcome, body: a.seen[0]?.body, row: (await store.settled())[0] };
}

test('a call without a limit goes without one where nothing needs it, also where the price is known', async () => {
  for (const written of [{}, { prices }]) {
    const { outcome, body } = await sent('first', written);
    expect(body).not.toHaveProperty('max_tokens');
    expect(answered(outcome).addedMaxTokens).toBeUndefined();
  }
});

test('a call with a limit keeps it', async () => {
  const a = await gateway();
  const budgets = [{ class: 'commodity', window: 'day' as const, maxUsd: 1 }];
  const { router } = routing({ gateways: { one: at(a) }, classes: classOf('first'), prices, budgets });
  expect(answered(await router.run(call({ llm: { maxTokens: 77 } }))).addedMaxTokens).toBeUndefined();
  expect(a.seen[0]?.body.max_tokens).toBe(77);
});

test('under a budget the limit is half of what is left, or the maximum of the model where that fits', async () => {
  const budgets = (maxUsd: number) => [{ class: 'commodity', window: 'day' as const, maxUsd }];
  const small = await sent('gpt-4.1-mini', { prices, budgets: budgets(0.01) });
  const limit = answered(small.outcome).addedMaxTokens as number;
  expect(small.body.max_tokens).toBe(limit);
  // 10,000 micro-USD are 5,000 tokens at 2, less the prompt.
  expect(limit).toBeLessThan(2500);
  expect(limit).toBeGreaterThan(2250);
  const large = await sent('gpt-4.1-mini', { prices, budgets: budgets(100) });
  expect(large.body.max_tokens).toBe(32_768);
  expect((await sent('first', { prices, budgets: budgets(100) })).body.max_tokens).toBe(16_384);
});

test('under maxUsdPerCall the limit is what it pays for', async () => {
  const { outcome, body } = await sent('gpt-4.1-mini', {
    prices,
    classes: classOf('gpt-4.1-mini', { maxUsdPerCall: 0.01 }),
  });
  expect(body.max_tokens).toBe(answered(outcome).addedMaxTokens);
  expect(body.max_tokens).toBeGreaterThan(4500);
  expect(body.max_tokens).toBeLessThan(5000);
});

test('a call is refused where so little is left that its answer would hardly be one', async () => {
  const budgets = [{ class: 'commodity', window: 'day' as const, maxUsd: 0.0003 }];
  const { outcome, body } = await sent('first', { prices, budgets });
  expect(failed(outcome).code).toBe('budget_exceeded');
  expect(body).toBeUndefined();
});

test('an API that demands a limit gets the maximum of the model', async () => {
  const body = JSON.stringify({ content: [{ type: 'text', text: 'x' }], stop_reason: 'end_turn' });
  const known = await sent('claude-sonnet-4-5', {}, 'anthropic', body);
  expect(known.body.max_tokens).toBe(64_000);
  expect(answered(known.outcome).addedMaxTokens).toBe(64_000);
  expect((await sent('other', {}, 'anthropic', body)).body.max_tokens).toBe(16_384);
});

test('a stream tells its limit before its first bytes', async () => {
  const a = await gateway();
  const budgets = [{ class: 'commodity', window: 'day' as const, maxUsd: 100 }];
  const { router } = routing({ gateways: { one: at(a) }, classes: classOf('first'), prices, budgets });
  const sink = collector();
  answered(await router.run(call({ llm: { maxTokens: undefined, isStreamed: true } }), sink));
  expect(sink.heads).toMatchObject([{ addedMaxTokens: 16_384 }]);
});

test('reasoning models of OpenAI get the limit under the name that they take, behind every gateway', async () => {
  const a = await gateway();
  for (const model of ['gpt-5-mini', 'openai/o3', 'o4-mini']) {
    const { router } = routing({ gateways: { one: at(a) }, classes: classOf(model) });
    answered(await router.run(call({ llm: { maxTokens: 9 } })));
    expect(a.seen.at(-1)?.body).toMatchObject({ max_completion_tokens: 9 });
    expect(a.seen.at(-1)?.body).not.toHaveProperty('max_tokens');
  }
});

test.each([
  ['openai/gpt-5-mini', 128_000],
  ['gpt-4o-2024-08-06', 16_384],
  ['claude-opus-4-1-20250805', 32_000],
  ['anthropic/claude-opus-4-5', 64_000],
  ['claude-3-5-haiku-latest', 8192],
  ['models/gemini-2.5-flash', 65_536],
  ['acme/m-1', undefined],
])('the maximum of %s is %s', (model, tokens) => {
  expect(maxOutputTokens(model)).toBe(tokens);
});

test('calls at the same time find room in a small budget, each with half of what the others left', async () => {
  const hold = Promise.withResolvers<void>();
  const a = await gateway({ behaviour: { after: hold.promise } });
  const budgets = [{ class: 'commodity', window: 'total' as const, maxUsd: 0.02 }];
  const { router } = routing({ gateways: { one: at(a) }, classes: classOf('first'), prices, budgets });
  const running = Array.from({ length: 4 }, () => router.run(call(unlimited)));
  await until(() => a.seen.length === 4);
  hold.resolve();
  const limits = (await Promise.all(running)).map((outcome) => answered(outcome).addedMaxTokens as number);
  expect(limits.reduce((sum, limit) => sum + limit, 0) * 2).toBeLessThanOrEqual(20_000);
  expect(Math.min(...limits)).toBeGreaterThan(256);
});
