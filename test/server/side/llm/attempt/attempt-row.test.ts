// Costs of attempts, by what its endpoint reports: zeros that are not free, provider keys of one's own, and absurd figures.

import { describe, expect, test } from 'vitest';
import { openStore } from '../../../../../server/side/store/open.ts';
import { answered, at, call, collector, gateway, routing } from '../../../../support/routing.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

type Behaviour = NonNullable<Parameters<typeof gateway>[0]>['behaviour'];
const model = 'openai/gpt-5-mini';
const classes = { commodity: { targets: [{ gateway: 'one', model }] } };
const tokens = { prompt_tokens: 30, completion_tokens: 40, total_tokens: 70 };
/** The list price of these tokens, in micro-USD. */
const LISTED = Math.round(30 * 0.25 + 40 * 2);

/** The settled row of one call, whole or streamed. */
async function rowOf(profile: string, behaviour: Behaviour, isStreamed = false, prices = {}) {
  const a = await gateway({ behaviour: behaviour ?? {} });
  const settings = profile === 'cloudflare' ? { account: 'a', gateway: 'g' } : {};
  const { router, store } = routing({ gateways: { one: at(a, { profile, settings }) }, classes, prices });
  await router.run(call({ llm: { isStreamed } }), isStreamed ? collector() : undefined);
  // Settles at once what would otherwise wait for more.
  await router.close();
  const [row] = await store.settled();
  return row;
}

const PROFILES = ['openrouter', 'litellm', 'portkey', 'vercel', 'cloudflare', 'bifrost', 'openai-compatible'];
const both = PROFILES.flatMap((profile) => [[profile, false] as const, [profile, true] as const]);

describe.each(both)('behind %s (streamed: %s)', (profile, isStreamed) => {
  test('a zero beside tokens that have a price is flagged, and charged at the estimate', async () => {
    for (const usage of [
      { ...tokens, cost: 0 },
      { ...tokens, cost: '0' },
    ]) {
      const row = await rowOf(profile, { usage }, isStreamed);
      expect(row).toMatchObject({
        costMicroUsd: LISTED,
        costSource: 'estimated',
        isFlagged: true,
        flags: ['zero_cost'],
      });
    }
  });

  test("what the provider bills with one's own key is added to what the router bills", async () => {
    const details = { upstream_inference_cost: 0.000_09 };
    const byok = { ...tokens, is_byok: true, cost: 0.000_005, cost_details: details };
    expect(await rowOf(profile, { usage: byok }, isStreamed)).toMatchObject({ costMicroUsd: 95, isFlagged: false });
    const parts = { upstream_inference_prompt_cost: '0.00001', upstream_inference_completions_cost: 0.000_08 };
    const split = { ...byok, cost: 0, cost_details: { upstream_inference_cost: null, ...parts } };
    expect(await rowOf(profile, { usage: split }, isStreamed)).toMatchObject({
      costMicroUsd: 90,
      costSource: 'reported',
    });
  });

  test('what is inside of the reported cost already is not counted twice', async () => {
    const usage = { ...tokens, is_byok: false, cost: 0.000_09, cost_details: { upstream_inference_cost: 0.000_09 } };
    expect(await rowOf(profile, { usage }, isStreamed)).toMatchObject({ costMicroUsd: 90, isFlagged: false });
  });
});

test('a budget fills by what the provider bills, though the router bills nothing', async () => {
  const usage = { ...tokens, is_byok: true, cost: 0, cost_details: { upstream_inference_cost: 0.0001 } };
  const a = await gateway({ behaviour: { usage } });
  const budgets = [{ window: 'total' as const, maxUsd: 0.0005 }];
  const { router } = routing({ gateways: { one: at(a, { profile: 'openrouter' }) }, classes, budgets });
  for (let calls = 0; calls < 12; calls++) await router.run(call());
  expect(a.count.requests).toBeGreaterThan(0);
  expect(a.count.requests).toBeLessThan(6);
});

test.each([
  ['litellm', { headers: { 'x-litellm-response-cost': '0.0' } }, LISTED, ['zero_cost']],
  ['litellm', { headers: { 'x-litellm-response-cost': 'None' } }, LISTED, []],
  ['bifrost', { usage: { ...tokens, cost: { total_cost: 0.000_09 } } }, 90, []],
  ['vercel', { usage: { ...tokens, is_byok: true, cost: 0, market_cost: 0.000_09 } }, 90, []],
  ['openrouter', { usage: { ...tokens, is_byok: true, cost: 0.000_001 } }, LISTED, []],
])('%s with %j costs %d', async (profile, behaviour, cost, flags) => {
  const row = await rowOf(profile, { usage: tokens, ...behaviour });
  expect(row).toMatchObject({ costMicroUsd: cost, flags });
});

test('a free model costs nothing, and a zero of it is true', async () => {
  const usage = { ...tokens, cost: 0 };
  const served = 'meta-llama/llama-3.3-70b-instruct:free';
  expect(await rowOf('openrouter', { usage, served })).toMatchObject({ costMicroUsd: 0, isFlagged: false });
});

describe('an absurd figure', () => {
  const huge = [9_007_199_254_740_991, 50_000_000, 1e308, 2 ** 63];
  test.each([
    ...huge.map((count) => ({ ...tokens, prompt_tokens: count, completion_tokens: count })),
    ...[1e12, 1e308, '1e300', 0.9].map((cost) => ({ ...tokens, cost })),
  ])('is charged at what the request could have used, and flagged: %j', async (usage) => {
    const prices = { [model]: { input: 1, output: 10 } };
    for (const isStreamed of [false, true]) {
      const row = await rowOf('openrouter', { usage }, isStreamed, prices);
      expect(row?.flags).toContain('beyond_bound');
      expect(row?.costMicroUsd).toBeGreaterThan(100 * 10);
      expect(row?.costMicroUsd).toBeLessThan(100 * 10 + 1000);
      expect(row?.usage.inputTokens).toBeLessThan(1000);
    }
  });

  test.each([
    { ...tokens, prompt_tokens_details: { cached_tokens: -5 } },
    { ...tokens, total_tokens: -1 },
    { ...tokens, cost: -0.5 },
  ])('that counts less than nothing is flagged, and charged by the rest: %j', async (usage) => {
    for (const isStreamed of [false, true]) {
      const row = await rowOf('openrouter', { usage }, isStreamed, { [model]: { input: 1, output: 10 } });
      expect(row?.flags).toEqual(['beyond_bound']);
      expect(row?.costMicroUsd).toBeGreaterThan(0);
      expect(row?.usage).toMatchObject({ inputTokens: tokens.prompt_tokens, outputTokens: tokens.completion_tokens });
    }
  });

  test.each([Number.NaN, -5, '9007199254740991', null, '2^63'])('that is no count is none: %j', async (count) => {
    const usage = { prompt_tokens: count, completion_tokens: count, cost: count };
    const row = await rowOf('openrouter', { usage }, false, { [model]: { input: 1, output: 10 } });
    expect(row?.isFlagged).toBe(true);
    expect(row?.costMicroUsd).toBeLessThan(100 * 10 + 1000);
  });

  test('makes no budget unusable for others, also after a restart', async () => {
    const usage = { prompt_tokens: 9_007_199_254_740_991, completion_tokens: 5, cost: 1e12 };
    const a = await gateway({ behaviour: { usage } });
    const dataDirectory = temporaryFolder('absurd');
    const budgets = [{ class: 'commodity', window: 'total' as const, maxUsd: 1 }];
    for (let round = 0; round < 2; round++) {
      const store = await openStore({ url: 'sqlite', dataDirectory });
      const { router } = routing({ gateways: { one: at(a) }, classes, budgets }, { store });
      const outcomes = [await router.run(call({ key: 'one' })), await router.run(call({ key: 'two' }))];
      expect(outcomes.map(({ kind }) => kind)).toEqual(['answered', 'answered']);
      await router.close();
      expect(await store.report(['key'], { since: 0, until: Number.MAX_SAFE_INTEGER })).toHaveLength(2);
      await store.close();
    }
  });
});

describe('an alias behind LiteLLM', () => {
  const headers = {
    'x-litellm-model-name': 'openai/gpt-5-mini',
    'x-litellm-model-api-base': 'https://api.openai.com/v1',
  };

  async function served(isStreamed: boolean, written: object) {
    const a = await gateway({ behaviour: { headers, usage: tokens } });
    const commodity = { targets: [{ gateway: 'one', model: 'fast' }], ...written };
    const { router, store } = routing({ gateways: { one: at(a, { profile: 'litellm' }) }, classes: { commodity } });
    const sink = collector();
    const outcome = answered(await router.run(call({ llm: { isStreamed } }), sink));
    return { outcome, text: sink.text(), heads: sink.heads, row: (await store.settled())[0] };
  }

  test('is named as what it stands for, in the ledger, the header and the body', async () => {
    const { outcome, row } = await served(false, {});
    expect(row).toMatchObject({ served: 'openai/gpt-5-mini', provider: 'openai', costMicroUsd: LISTED });
    expect(outcome).toMatchObject({ served: 'openai/gpt-5-mini', completion: { model: 'openai/gpt-5-mini' } });
    const streamed = await served(true, {});
    expect(streamed.heads).toMatchObject([{ model: 'openai/gpt-5-mini' }]);
    expect(streamed.text).not.toContain('"fast"');
  });

  test('has a price by priceAs, which a ceiling can hold', async () => {
    const target = { gateway: 'one', model: 'fast', priceAs: 'openai/gpt-5-mini' };
    const { row } = await served(false, { targets: [target], maxUsdPerCall: 0.01 });
    expect(row).toMatchObject({ costMicroUsd: LISTED, isFlagged: false });
  });

  test('is flagged when it is outside of what the class allows', async () => {
    expect((await served(false, { allow: { models: ['fast'] } })).row?.flags).toEqual(['model_not_allowed']);
    expect((await served(false, { allow: { models: ['fast', 'openai/gpt-5*'] } })).row?.flags).toEqual([]);
  });
});

describe('what is billed beside the tokens of the dialogue', () => {
  const tools = [{ type: 'function', function: { name: 'now', parameters: { type: 'object', properties: {} } } }];

  test.each([
    ['anthropic', { extra: { tools } }, { input_tokens: 480, output_tokens: 5 }],
    ['openai-compatible', {}, { prompt_tokens: 250, completion_tokens: 5 }],
  ])(
    'is within the bounds of a request: the words that %s adds to tools and dialogues',
    async (profile, llm, usage) => {
      const answers = {
        anthropic: { content: [{ type: 'text', text: 'Noon' }], stop_reason: 'end_turn', usage },
        'openai-compatible': { choices: [{ message: { content: 'Noon' }, finish_reason: 'stop' }], usage },
      };
      const body = JSON.stringify(answers[profile as keyof typeof answers]);
      const a = await gateway({ behaviour: { body } });
      const { router, store } = routing({
        gateways: { one: at(a, { profile }) },
        classes: { commodity: { targets: [{ gateway: 'one', model: 'first' }] } },
        prices: { first: { input: 1, output: 1 } },
      });
      answered(await router.run(call({ llm: { messages: [{ role: 'user', content: 'hi' }], ...llm } })));
      expect(await store.settled()).toMatchObject([{ isFlagged: false }]);
    },
  );

  test('is a price of its own for calls, and for searches that are counted; without one the cost is not known', async () => {
    const usage = { ...tokens, server_tool_use: { web_search_requests: 2 } };
    const price = { input: 0, output: 0, request: 5, webSearch: 10 };
    expect(await rowOf('openai-compatible', { usage }, false, { [model]: price })).toMatchObject({
      usage: { webSearches: 2 },
      costMicroUsd: 5000 + 2 * 10_000,
      isFlagged: false,
    });
    const { webSearch: _, ...without } = price;
    expect(await rowOf('openai-compatible', { usage }, false, { [model]: without })).toMatchObject({
      flags: ['no_price'],
    });
  });

  test('is believed of a router: the fee of a search is no absurd figure', async () => {
    const row = await rowOf('openrouter', { usage: { ...tokens, cost: 0.006 } });
    expect(row).toMatchObject({ costMicroUsd: 6000, costSource: 'reported', flags: ['over_reserved'] });
  });
});

test('what Anthropic keeps for five minutes and for an hour has two prices', async () => {
  const body = (cache_creation?: object) =>
    JSON.stringify({
      content: [{ type: 'text', text: 'Hello' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 5, output_tokens: 5, cache_creation_input_tokens: 100, cache_creation },
    });
  const prices = { [model]: { input: 1, output: 0, cacheWrite: 10, cacheWriteHour: 20 } };
  const cost = async (more?: object) => (await rowOf('anthropic', { body: body(more) }, false, prices))?.costMicroUsd;
  expect(await cost({ ephemeral_5m_input_tokens: 70, ephemeral_1h_input_tokens: 30 })).toBe(5 + 700 + 600);
  expect(await cost({ ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 0 })).toBe(5 + 1000);
  expect(await cost()).toBe(5 + 2000);
});

test.each([
  ['its words alone', { promptTokenCount: 20, candidatesTokenCount: 5 }, 20 + 50],
  ['thoughts', { promptTokenCount: 20, candidatesTokenCount: 5, thoughtsTokenCount: 30 }, 20 + 350],
  ['thoughts and nothing else', { promptTokenCount: 20, thoughtsTokenCount: 30 }, 20 + 300],
  ['prompts of tools', { promptTokenCount: 20, toolUsePromptTokenCount: 7, candidatesTokenCount: 5 }, 27 + 50],
  [
    'images, films and documents',
    {
      ...{ promptTokenCount: 20, candidatesTokenCount: 5 },
      promptTokensDetails: ['TEXT', 'IMAGE', 'VIDEO', 'DOCUMENT'].map((modality) => ({ modality, tokenCount: 5 })),
    },
    5 + 15 * 3 + 50,
  ],
  [
    'each kind from the cache',
    {
      ...{ promptTokenCount: 20, candidatesTokenCount: 0, cachedContentTokenCount: 12 },
      promptTokensDetails: ['TEXT', 'IMAGE', 'AUDIO'].map((modality, at) => ({ modality, tokenCount: [10, 4, 6][at] })),
      cacheTokensDetails: ['TEXT', 'IMAGE', 'AUDIO'].map((modality) => ({ modality, tokenCount: 4 })),
    },
    6 * 1 + 4 * 0.5 + 0 + 4 * 1.5 + 2 * 4 + 4 * 2,
  ],
])('Gemini is charged for %s', async (_, usageMetadata, cost) => {
  const body = JSON.stringify({
    candidates: [{ content: { parts: [{ text: 'Hello' }] }, finishReason: 'STOP' }],
    usageMetadata,
  });
  const price = { input: 1, output: 10, imageInput: 3, audioInput: 4 };
  const cached = { cachedInput: 0.5, cachedImageInput: 1.5, cachedAudioInput: 2 };
  const row = await rowOf('gemini', { body }, false, { [model]: { ...price, ...cached } });
  expect(row).toMatchObject({ costMicroUsd: cost, flags: [] });
});

test.each([
  ["nothing for a call with a key of one's own", { cost: '0', marketCost: '0.00009' }, 90, []],
  ['nothing at all, which is flagged', { cost: '0' }, LISTED, ['zero_cost']],
  ['less than the market, which is what is paid', { cost: '0.00008', marketCost: '0.00009' }, 80, []],
])('Vercel says in its metadata that it bills %s', async (_, cost, expected, flags) => {
  const message = { content: 'Hello', provider_metadata: { gateway: cost } };
  const body = JSON.stringify({ model, choices: [{ message, finish_reason: 'stop' }], usage: tokens });
  expect(await rowOf('vercel', { body })).toMatchObject({ costMicroUsd: expected, flags });
});
