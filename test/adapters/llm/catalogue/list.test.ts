// Catalogues of every profile: what is asked, and what is read of the answer.

import { describe, expect, test } from 'vitest';
import type { LlmProfile } from '../../../../adapters/llm/contract.ts';
import { llmProfiles } from '../../../../adapters/llm/index.ts';

const profile = (name: string) => llmProfiles.get(name) as LlmProfile;
const target = { baseUrl: 'https://gateway.example/v1/', apiKey: 'secret', settings: {} };
const read = (name: string, body: object) => profile(name).catalogue.read(body as never);

describe('requests', () => {
  test.each([
    ['openrouter', 'https://gateway.example/v1/models', { authorization: 'Bearer secret' }],
    ['vercel', 'https://gateway.example/v1/models', { authorization: 'Bearer secret' }],
    ['litellm', 'https://gateway.example/v1/model/info', { authorization: 'Bearer secret' }],
    ['portkey', 'https://gateway.example/v1/models', { 'x-portkey-api-key': 'secret' }],
    ['bifrost', 'https://gateway.example/v1/models', { 'x-bf-vk': 'secret' }],
    ['openai-compatible', 'https://gateway.example/v1/models', { authorization: 'Bearer secret' }],
    ['openai', 'https://gateway.example/v1/models', { authorization: 'Bearer secret' }],
    ['anthropic', 'https://gateway.example/v1/models?limit=1000', { 'x-api-key': 'secret' }],
    ['gemini', 'https://gateway.example/v1/models?pageSize=1000', { 'x-goog-api-key': 'secret' }],
  ])('%s is asked for its models with the credential of its calls', (name, url, headers) => {
    const [first] = profile(name).catalogue.requests(target);
    expect(first?.url).toBe(url);
    expect(first?.headers).toMatchObject(headers);
  });

  test('Cloudflare is asked below account and gateway, and LiteLLM for names where prices are not given', () => {
    const settings = { account: 'acc', gateway: 'gw' };
    expect(profile('cloudflare').catalogue.requests({ ...target, settings })[0]?.url).toBe(
      'https://gateway.example/v1/acc/gw/compat/models',
    );
    expect(profile('litellm').catalogue.requests(target)[1]?.url).toBe('https://gateway.example/v1/models');
  });
});

describe('answers', () => {
  test("OpenRouter's entries have context, modalities, parameters and prices per million tokens", () => {
    const entry = {
      id: 'vendor/small',
      created: 1_700_000_000,
      context_length: 128_000,
      architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'] },
      top_provider: { context_length: 100_000, max_completion_tokens: 16_384 },
      pricing: {
        prompt: '0.00000015',
        completion: '0.0000006',
        input_cache_read: '0.000000075',
        request: '0',
        web_search: '0.01',
        image: '0.0002',
      },
      supported_parameters: ['tools', 'max_tokens'],
    };
    expect(read('openrouter', { data: [entry], links: { next: '/api/v1/models?offset=500' } })).toEqual({
      models: [
        {
          id: 'vendor/small',
          createdS: 1_700_000_000,
          contextTokens: 128_000,
          maxOutputTokens: 16_384,
          inputModalities: ['text', 'image'],
          outputModalities: ['text'],
          parameters: ['tools', 'max_tokens'],
          price: { input: 0.15, output: 0.6, cachedInput: 0.075, webSearch: 10 },
        },
      ],
      next: '/api/v1/models?offset=500',
    });
  });

  test('the highest of prices in tiers counts, since a reservation has to pay for any length', () => {
    const tiers = {
      input: '0.000001',
      output: '0.000002',
      input_tiers: [
        { cost: '0.000001', min: 0 },
        { cost: '0.000003', min: 200_000 },
      ],
    };
    expect(read('vercel', { data: [{ id: 'a', pricing: tiers }] })?.models[0]?.price).toEqual({ input: 3, output: 2 });
    const overridden = {
      prompt: '0.000001',
      completion: '0.000002',
      overrides: [{ min_prompt_tokens: 200_000, prompt: '0.000004' }],
    };
    expect(read('openrouter', { data: [{ id: 'a', pricing: overridden }] })?.models[0]?.price).toEqual({
      input: 4,
      output: 2,
    });
  });

  test.each([
    ['one that depends on who serves', { prompt: '-1', completion: '-1' }],
    ['one that nobody asks', { prompt: '0.15', completion: '0.6' }],
    ['no number', { prompt: 'free', completion: '0' }],
    ['half of one', { prompt: '0.000001' }],
    ['none', {}],
  ])('a price that cannot be believed is none: %s', (_, pricing) => {
    expect(read('openrouter', { data: [{ id: 'a', pricing }] })?.models[0]?.price).toBeUndefined();
  });

  test('prices of 0 are those of free models, but not with LiteLLM, which writes 0 for what it does not know', () => {
    expect(
      read('openrouter', { data: [{ id: 'a:free', pricing: { prompt: '0', completion: '0' } }] })?.models[0]?.price,
    ).toEqual({ input: 0, output: 0 });
    const info = { input_cost_per_token: 0, output_cost_per_token: 0 };
    expect(read('litellm', { data: [{ model_name: 'a', model_info: info }] })?.models[0]?.price).toBeUndefined();
  });

  test('deployments of one name in LiteLLM are one model: the dearest price, the shortest context', () => {
    const deployment = (model_info: object) => ({ model_name: 'fast', litellm_params: { model: 'x' }, model_info });
    const data = [
      deployment({
        mode: 'chat',
        max_input_tokens: 128_000,
        input_cost_per_token: 1e-6,
        output_cost_per_token: 2e-6,
        supports_vision: true,
      }),
      deployment({ mode: 'chat', max_input_tokens: 32_000, input_cost_per_token: 3e-6, output_cost_per_token: 1e-6 }),
      { model_name: 'pictures', model_info: { mode: 'image_generation' } },
      { model_name: 'openai/*', model_info: {} },
    ];
    expect(read('litellm', { data })?.models).toMatchObject([
      { id: 'fast', contextTokens: 32_000, inputModalities: ['text'], price: { input: 3, output: 2 } },
    ]);
    expect(read('litellm', { data: [{ id: 'fast', object: 'model', owned_by: 'openai' }] })?.models).toEqual([
      { id: 'fast', owner: 'openai' },
    ]);
  });

  test('lists of vLLM, Cloudflare, Anthropic and Gemini are read in their own words', () => {
    expect(
      read('openai-compatible', { object: 'list', data: [{ id: 'llama', max_model_len: 8192 }] })?.models[0]
        ?.contextTokens,
    ).toBe(8192);
    expect(
      read('cloudflare', { data: [{ id: 'openai/gpt', cost_in: 1e-6, cost_out: 2e-6 }] })?.models[0]?.price,
    ).toEqual({ input: 1, output: 2 });
    const anthropic = {
      data: [{ type: 'model', id: 'claude', max_input_tokens: 200_000 }],
      has_more: true,
      last_id: 'claude',
    };
    expect(read('anthropic', anthropic)).toMatchObject({
      models: [{ id: 'claude', contextTokens: 200_000 }],
      next: '?limit=1000&after_id=claude',
    });
    const gemini = {
      models: [
        { name: 'models/gemini', inputTokenLimit: 1000, supportedGenerationMethods: ['generateContent'] },
        { name: 'models/veo', supportedGenerationMethods: ['predictLongRunning'] },
      ],
      nextPageToken: 'a b',
    };
    expect(read('gemini', gemini)).toMatchObject({
      models: [{ id: 'gemini', contextTokens: 1000 }],
      next: '?pageSize=1000&pageToken=a%20b',
    });
    expect(read('bifrost', { data: [], next_page_token: 't' })?.next).toBe('?page_token=t');
  });

  test('what is no list is none, and an entry without a name is left out', () => {
    expect(read('openrouter', { error: { message: 'no' } })).toBeUndefined();
    const data = [
      { id: '' },
      { id: 'x'.repeat(201) },
      { id: 'a\nb' },
      { id: 7 },
      null,
      'a',
      { id: 'good', type: 'language' },
      { id: 'pixels', type: 'image' },
    ];
    expect(read('vercel', { data })?.models.map(({ id }) => id)).toEqual(['good']);
  });
});
