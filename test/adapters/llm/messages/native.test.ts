// LLM gateways that speak Anthropic's Messages API themselves: where each has it, how it is asked, and what it tells beside the answer.

import { expect, test } from 'vitest';
import type { LlmProfile, LlmTarget } from '../../../../adapters/llm/contract.ts';
import { apiFor, llmProfiles, messagesCall } from '../../../../adapters/llm/index.ts';
import { message, nativeEvents } from '../../../support/messages-form.ts';

const call = messagesCall({
  body: { model: 'asked', max_tokens: 10, messages: [{ role: 'user', content: 'Hello' }], provider: { only: ['x'] } },
  maxTokens: 10,
  betas: ['interleaved-thinking-2025-05-14'],
});
const target: LlmTarget = { baseUrl: 'https://llm.example/v1/', apiKey: 'key', model: 'acme/m-1', settings: {} };
const profile = (name: string) => llmProfiles.get(name) as LlmProfile;
function sent(name: string, more: Partial<LlmTarget> = {}) {
  const asked = { ...target, ...more };
  const { url, headers, body } = apiFor(profile(name), call, asked.settings).toRequest(call, asked);
  return { url, headers, body: JSON.parse(body) };
}

test.each([
  ['openrouter', 'https://llm.example/v1/messages', { authorization: 'Bearer key' }],
  ['vercel', 'https://llm.example/v1/messages', { authorization: 'Bearer key' }],
  ['litellm', 'https://llm.example/v1/messages', { authorization: 'Bearer key' }],
  ['portkey', 'https://llm.example/v1/messages', { 'x-portkey-api-key': 'key' }],
  ['bifrost', 'https://llm.example/anthropic/v1/messages', { 'x-bf-vk': 'key' }],
])('%s is asked in the form itself, unless its settings say otherwise', (name, url, credential) => {
  const asked = sent(name);
  expect(asked).toMatchObject({
    url,
    headers: {
      ...credential,
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'interleaved-thinking-2025-05-14',
    },
    body: { model: 'acme/m-1', max_tokens: 10, messages: [{ role: 'user', content: 'Hello' }] },
  });
  expect(sent(name, { settings: { messages: 'translated' } }).url).toBe('https://llm.example/v1/chat/completions');
});

test.each([
  ['openai-compatible', {}],
  ['portkey', { mode: 'self-hosted' }],
  ['cloudflare', { account: 'a', gateway: 'g' }],
])('%s is asked in chat completions where nobody says more', (name, settings) => {
  expect(sent(name, { settings }).url).toMatch(/\/chat\/completions$/);
});

test('an endpoint of its own may have the form, too, and its gateway says so', () => {
  for (const name of ['openai-compatible', 'portkey']) {
    const settings = { ...(name === 'portkey' && { mode: 'self-hosted' }), messages: 'native' };
    expect(sent(name, { settings }).url).toBe('https://llm.example/v1/messages');
  }
});

test('the policy of a target stands in the request, whatever the client wrote', () => {
  const terms = { retention: 'zdr', providers: ['anthropic'] } as const;
  expect(sent('openrouter', terms).body.provider).toEqual({
    ...{ allow_fallbacks: false, require_parameters: true, data_collection: 'deny', only: ['anthropic'], zdr: true },
  });
  expect(sent('vercel', terms).body.providerOptions.gateway).toEqual({
    ...{ only: ['anthropic'], zeroDataRetention: true, disallowPromptTraining: true },
  });
  expect(sent('litellm', terms).body).toMatchObject({ disable_fallbacks: true, num_retries: 0, 'no-log': true });
  expect(sent('bifrost').body.fallbacks).toEqual([]);
});

test('who served and what it cost is read beside the answer, whole and streamed', () => {
  const { readReply, readStream } = apiFor(profile('openrouter'), call, {});
  const body = Buffer.from(
    JSON.stringify({ ...message, provider: 'Anthropic', usage: { ...message.usage, cost: 0.5 } }),
  );
  expect(readReply({ status: 200, headers: {}, body }, 'acme/m-1', call)).toMatchObject({
    ...{ bytes: body, provider: 'Anthropic', costUsd: 0.5 },
  });
  const stream = readStream({}, call, 'acme/m-1');
  const events = nativeEvents
    .replace('"type":"message",', '"type":"message","provider":"Anthropic",')
    .replace('"usage":{"output_tokens"', '"usage":{"cost":0.5,"output_tokens"');
  const bytes = stream.push(Buffer.from(events));
  const { outcome } = stream.end();
  expect(bytes.toString()).toBe(events);
  expect(outcome).toMatchObject({ provider: 'Anthropic', costUsd: 0.5 });
});
