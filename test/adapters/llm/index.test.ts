// The requests of each profile of the chat completions form, and the facts that it reads beside the answer.

import { describe, expect, test } from 'vitest';
import type { LlmCall, LlmProfile, LlmTarget } from '../../../adapters/llm/contract.ts';
import { llmProfiles } from '../../../adapters/llm/index.ts';

const call: LlmCall = {
  messages: [{ role: 'user', content: 'Hello' }],
  maxTokens: 50,
  temperature: 0.5,
  isStreamed: false,
  extra: { stop: ['x'] },
};
const target: LlmTarget = { baseUrl: 'https://llm.example/v1/', apiKey: 'sk-test', model: 'acme/m-1', settings: {} };
const common = { model: 'acme/m-1', messages: call.messages, max_tokens: 50, temperature: 0.5, stop: ['x'] };

const profile = (name: string) => llmProfiles.get(name) as LlmProfile;
function sent(name: string, more: Partial<LlmTarget> = {}, its: Partial<LlmCall> = {}) {
  const request = profile(name).toRequest({ ...call, ...its }, { ...target, ...more });
  return { ...request, body: JSON.parse(request.body) };
}
const completion = {
  id: 'c-1',
  model: 'm-1-2026',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
};
const read = (name: string, headers = {}, more = {}) =>
  profile(name).readReply(
    { status: 200, headers, body: Buffer.from(JSON.stringify({ ...completion, ...more })) },
    'm-1',
  );

test('every profile is registered under its own name', () => {
  for (const [name, one] of llmProfiles) expect(one.name).toBe(name);
});

test('fields of a client never replace those of the policy', () => {
  const extra = { provider: { data_collection: 'allow' }, model: 'other', store: true, fallbacks: ['x'], usage: {} };
  expect(sent('openrouter', {}, { extra }).body).toMatchObject({
    model: 'acme/m-1',
    provider: { data_collection: 'deny' },
  });
  expect(sent('openai', {}, { extra }).body.store).toBe(false);
  expect(sent('bifrost', {}, { extra }).body.fallbacks).toEqual([]);
});

describe('openrouter', () => {
  test('sends the policy as its provider object', () => {
    const { url, headers, body } = sent('openrouter', {
      retention: 'zdr',
      providers: ['azure', 'mistral'],
      maxPrice: { input: 1, output: 2 },
    });
    expect(url).toBe('https://llm.example/v1/chat/completions');
    expect(headers).toEqual({ 'content-type': 'application/json', authorization: 'Bearer sk-test' });
    expect(body).toEqual({
      ...common,
      usage: { include: true },
      provider: {
        allow_fallbacks: false,
        require_parameters: true,
        data_collection: 'deny',
        only: ['azure', 'mistral'],
        zdr: true,
        max_price: { prompt: 1, completion: 2 },
      },
    });
  });

  test('reports cost and provider in the body', () => {
    const usage = { ...completion.usage, cost: 0.00042 };
    expect(read('openrouter', {}, { provider: 'Azure', usage })).toMatchObject({
      text: 'Hi',
      served: 'm-1-2026',
      provider: 'Azure',
      costUsd: 0.00042,
      usage: { inputTokens: 9, outputTokens: 2, totalTokens: 11 },
      finish: 'stop',
    });
  });

  test('has a base URL for each region', () => {
    expect(profile('openrouter').regions?.eu).toBe('https://eu.openrouter.ai/api/v1');
  });
});

describe('litellm', () => {
  test('is sent with its fallbacks and retries off, and for zdr also its logs and cache', () => {
    expect(sent('litellm').body).toEqual({ ...common, disable_fallbacks: true, num_retries: 0 });
    expect(sent('litellm', { retention: 'zdr' }).body).toMatchObject({ 'no-log': true, cache: { 'no-store': true } });
  });

  test('reports cost and fallback in headers, a cost of 0 included', () => {
    const headers = { 'x-litellm-response-cost': '0.0031', 'x-litellm-model-api-base': 'https://eu.acme.example/v1' };
    expect(read('litellm', headers)).toMatchObject({
      costUsd: 0.0031,
      provider: undefined,
      served: 'm-1-2026',
    });
    const fallen = { 'x-litellm-attempted-fallbacks': '1', 'x-litellm-model-group': 'other/m-2' };
    expect(read('litellm', fallen)).toMatchObject({ served: 'other/m-2', provider: 'other' });
    expect(read('litellm', { 'x-litellm-response-cost': '0.0' }).costUsd).toBe(0);
  });
});

test('portkey names the provider in a header, and takes its own key when it is hosted', () => {
  const settings = { provider: 'openai', config: 'pc-1', virtualKey: 'vk-1', customHost: 'https://h.example' };
  expect(sent('portkey', { settings, retention: 'zdr' })).toMatchObject({
    headers: {
      'x-portkey-api-key': 'sk-test',
      'x-portkey-provider': 'openai',
      'x-portkey-config': 'pc-1',
      'x-portkey-virtual-key': 'vk-1',
      'x-portkey-custom-host': 'https://h.example',
      'x-portkey-debug': 'false',
    },
    body: common,
  });
  const own = sent('portkey', { settings: { provider: 'openai', mode: 'self-hosted' } });
  expect(own.headers).toEqual({
    'content-type': 'application/json',
    authorization: 'Bearer sk-test',
    'x-portkey-provider': 'openai',
  });
  expect(read('portkey', { 'x-portkey-provider': 'azure-openai' }).provider).toBe('azure-openai');
  expect(profile('portkey').provider?.('m', { provider: 'openai' })).toBe('openai');
  expect(profile('portkey').provider?.('m', { provider: 'openai', config: 'pc-1' })).toBeUndefined();
});

test('vercel takes the policy as an option, and reports cost and provider as metadata', () => {
  expect(sent('vercel', { providers: ['bedrock'], retention: 'zdr' }).body).toEqual({
    ...common,
    providerOptions: { gateway: { only: ['bedrock'], zeroDataRetention: true, disallowPromptTraining: true } },
  });
  const gateway = { cost: '0.0012', routing: { finalProvider: 'bedrock' } };
  const message = { role: 'assistant', content: 'Hi', provider_metadata: { gateway } };
  expect(read('vercel', {}, { choices: [{ message, finish_reason: 'stop' }] })).toMatchObject({
    provider: 'bedrock',
    costUsd: 0.0012,
  });
});

test('cloudflare has account and gateway in the URL, and its cache is skipped', () => {
  const settings = { account: 'acc', gateway: 'my gw' };
  const { url, headers } = sent('cloudflare', { settings, retention: 'zdr' });
  expect(url).toBe('https://llm.example/v1/acc/my%20gw/compat/chat/completions');
  expect(headers).toMatchObject({
    'cf-aig-authorization': 'Bearer sk-test',
    'cf-aig-skip-cache': 'true',
    'cf-aig-max-attempts': '1',
    'cf-aig-collect-log-payload': 'false',
  });
  const own = sent('cloudflare', { settings: { ...settings, mode: 'provider-key' } });
  expect(own.headers).toMatchObject({ authorization: 'Bearer sk-test' });
  expect(profile('cloudflare').provider?.('openai/gpt-5', {})).toBe('openai');
});

test('bifrost takes a virtual key and no fallbacks, and reports the provider in extra fields', () => {
  const { headers, body } = sent('bifrost');
  expect(headers).toEqual({ 'content-type': 'application/json', 'x-bf-vk': 'sk-test' });
  expect(body).toEqual({ ...common, fallbacks: [] });
  const usage = { ...completion.usage, cost: { total_cost: 0.5 } };
  expect(read('bifrost', {}, { usage, extra_fields: { provider: 'anthropic' } })).toMatchObject({
    provider: 'anthropic',
    costUsd: 0.5,
  });
});

test('openai gets only fields that it knows, stores nothing, and has the limit under its newer name', () => {
  const { max_tokens: _, ...rest } = common;
  const schema = { name: 'sentiment and outcome', schema: { type: 'object' } };
  expect(sent('openai', { providers: ['x'], retention: 'zdr' }, { schema }).body).toEqual({
    ...rest,
    max_completion_tokens: 50,
    store: false,
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'sentiment_and_outcome', schema: { type: 'object' } },
    },
  });
  expect(read('openai').provider).toBe('openai');
});

test('openai-compatible gets the plain form, and no credential when there is none', () => {
  expect(sent('openai-compatible', { apiKey: '' })).toEqual({
    url: 'https://llm.example/v1/chat/completions',
    headers: { 'content-type': 'application/json' },
    body: common,
  });
  expect(profile('openai-compatible').provider?.('m', { provider: 'acme' })).toBe('acme');
});

test('a stream is always requested with its usage', () => {
  for (const name of ['openrouter', 'litellm', 'openai', 'openai-compatible'])
    expect(sent(name, {}, { isStreamed: true }).body).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    });
});
