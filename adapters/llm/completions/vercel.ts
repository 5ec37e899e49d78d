// Vercel AI Gateway: `providerOptions.gateway` holds the allowed providers and the data policy; metadata the provider and the cost.
// https://vercel.com/docs/ai-gateway/models-and-providers/provider-options, https://vercel.com/docs/ai-gateway/sdks-and-apis/responses
// https://vercel.com/docs/ai-gateway/sdks-and-apis/anthropic-messages-api, .../openai-chat-completions/embeddings

import { valueAt } from '../../../codecs/json/object.ts';
import type { LlmTarget } from '../contract.ts';
import { costUsdOf } from '../usage/usage.ts';
import type { ReadMetadata } from './completions.ts';
import { completionsProfile } from './profile.ts';

const readMetadata: ReadMetadata = (_, body) => {
  const message = valueAt(body, ['choices', 0, 'message']) ?? valueAt(body, ['choices', 0, 'delta']) ?? body;
  const metadata =
    valueAt(message, ['provider_metadata', 'gateway']) ?? valueAt(body, ['provider_metadata', 'gateway']);
  const cost = costUsdOf(valueAt(metadata, ['cost']));
  const provider = valueAt(metadata, ['routing', 'finalProvider']);
  return {
    provider: typeof provider === 'string' ? provider : undefined,
    // With a key of one's own Vercel bills nothing; `marketCost` is what the provider does.
    costUsd: cost || (costUsdOf(valueAt(metadata, ['marketCost'])) ?? cost),
  };
};

/** Vercel tries no other models, since none are named. */
const optionsFor = ({ providers, retention }: LlmTarget) => ({
  providerOptions: {
    gateway: { only: providers, zeroDataRetention: retention === 'zdr' || undefined, disallowPromptTraining: true },
  },
});

export const vercelProfile = completionsProfile({
  name: 'vercel',
  path: 'routed',
  freePath: '/credits',
  baseUrl: 'https://ai-gateway.vercel.sh/v1',
  canPromise: { retention: ['zdr', 'none-stated'], providers: true },
  fields: (_, target) => optionsFor(target),
  responses: { fields: (_, target) => optionsFor(target) },
  messages: { fields: (_, target) => optionsFor(target) },
  embeddings: { fields: optionsFor },
  readMetadata,
});
