// OpenRouter: the field `provider` holds the allowed providers, the data policy and the maximum price. Each region has a base URL.
// https://openrouter.ai/docs/guides/routing/provider-selection, .../features/in-region-routing, .../administration/usage-accounting,
// https://openrouter.ai/docs/api/api-reference/responses/create-responses, .../anthropic-messages/create-messages, .../embeddings

import { textAt } from '../../../codecs/json/object.ts';
import type { LlmTarget } from '../contract.ts';
import { completionsProfile } from './profile.ts';

export const openrouterProfile = completionsProfile({
  name: 'openrouter',
  priceListName: 'openrouter',
  path: 'routed',
  freePath: '/key',
  baseUrl: 'https://openrouter.ai/api/v1',
  regions: { eu: 'https://eu.openrouter.ai/api/v1', us: 'https://us.openrouter.ai/api/v1' },
  // https://openrouter.ai/docs/features/zero-completion-insurance
  faultsAreFree: true,
  canPromise: { retention: ['zdr', 'none-stated'], providers: true },
  fields: (_, target) => ({ provider: providerOf(target), usage: { include: true } }),
  responses: { fields: (_, target) => ({ provider: providerOf(target) }) },
  messages: { fields: (_, target) => ({ provider: providerOf(target) }) },
  embeddings: { fields: (target) => ({ provider: providerOf(target) }) },
  readMetadata: (_, body) => ({ provider: textAt(body, 'provider') }),
});

/** Switches fallbacks off: another provider would be an attempt that the budget does not count. */
function providerOf({ providers, retention, maxPrice }: LlmTarget): object {
  return {
    allow_fallbacks: false,
    require_parameters: true,
    data_collection: 'deny',
    only: providers,
    zdr: retention === 'zdr' || undefined,
    max_price: maxPrice && { prompt: maxPrice.input, completion: maxPrice.output },
  };
}
