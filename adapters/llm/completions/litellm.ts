// LiteLLM's proxy: headers hold the cost and the attempts. Its own fallbacks and retries are switched off in each request.
// https://docs.litellm.ai/docs/proxy/response_headers, https://docs.litellm.ai/docs/proxy/reliability

import { completionsProfile, vendorOf } from './profile.ts';
import { costUsdOf } from './usage.ts';

export const litellmProfile = completionsProfile({
  name: 'litellm',
  path: 'routed',
  fields: (_, { retention }) => ({
    disable_fallbacks: true,
    num_retries: 0,
    ...(retention === 'zdr' ? { 'no-log': true, cache: { 'no-cache': true, 'no-store': true } } : {}),
  }),
  readMetadata: (headers) => {
    const group = headers['x-litellm-model-group'];
    const hasFallenBack = Number(headers['x-litellm-attempted-fallbacks'] ?? 0) > 0;
    return {
      // The body repeats the requested name, also after a fallback.
      served: hasFallenBack ? group : undefined,
      provider: headers['x-litellm-model-api-base']
        ? hostOf(headers['x-litellm-model-api-base'])
        : vendorOf(group ?? ''),
      costUsd: costUsdOf(headers['x-litellm-response-cost']),
    };
  },
});

const hostOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).hostname : undefined);
