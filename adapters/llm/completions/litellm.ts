// LiteLLM's proxy: headers hold the cost and the attempts. Its own fallbacks and retries are switched off in each request.
// https://docs.litellm.ai/docs/proxy/response_headers, https://docs.litellm.ai/docs/proxy/reliability, https://docs.litellm.ai/docs/response_api,
// https://docs.litellm.ai/docs/embedding/supported_embedding, https://docs.litellm.ai/docs/moderation

import { readModelInfo } from '../catalogue/litellm.ts';
import type { LlmTarget } from '../contract.ts';
import { costUsdOf } from '../usage/usage.ts';
import { completionsProfile, modelsUrl, vendorOf } from './profile.ts';

const ownFields = ({ retention }: LlmTarget) => ({
  disable_fallbacks: true,
  num_retries: 0,
  ...(retention === 'zdr' ? { 'no-log': true, cache: { 'no-cache': true, 'no-store': true } } : {}),
});

/** Unlike its other paths this one is below `/v1` alone. https://docs.litellm.ai/docs/anthropic_unified */
function messagesUrl({ baseUrl }: LlmTarget): string {
  const base = baseUrl.replace(/\/+$/, '');
  return base.endsWith('/v1') ? `${base}/messages` : `${base}/v1/messages`;
}

export const litellmProfile = completionsProfile({
  name: 'litellm',
  path: 'routed',
  fields: (_, target) => ownFields(target),
  responses: { fields: (_, target) => ownFields(target) },
  messages: { url: messagesUrl, fields: (_, target) => ownFields(target) },
  embeddings: { fields: ownFields },
  moderations: {},
  // Only the first one has prices.
  catalogue: {
    urls: (target) => [`${target.baseUrl.replace(/\/+$/, '')}/model/info`, modelsUrl(target)],
    read: readModelInfo,
  },
  readMetadata: (headers) => {
    const [group, name] = [headers['x-litellm-model-group'], headers['x-litellm-model-name'] || undefined];
    const hasFallenBack = Number(headers['x-litellm-attempted-fallbacks'] ?? 0) > 0;
    return {
      // The body repeats the requested name, an alias too, also after a fallback.
      served: name ?? (hasFallenBack ? group : undefined),
      provider: vendorOf(name ?? '') ?? providerAt(headers['x-litellm-model-api-base']) ?? vendorOf(group ?? ''),
      costUsd: costUsdOf(headers['x-litellm-response-cost']),
    };
  },
});

/** Providers by the end of their hosts, as LiteLLM names them. */
const HOSTS: readonly (readonly [string, string])[] = [
  ['openai.com', 'openai'],
  ['anthropic.com', 'anthropic'],
  ['googleapis.com', 'google'],
  ['azure.com', 'azure'],
  ['amazonaws.com', 'bedrock'],
  ['groq.com', 'groq'],
  ['mistral.ai', 'mistral'],
  ['openrouter.ai', 'openrouter'],
];

/** A host that is not known says nothing of who serves. */
function providerAt(url = ''): string | undefined {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return HOSTS.find(([end]) => host === end || host.endsWith(`.${end}`))?.[1];
}
