// Portkey, hosted or as its open-source gateway (`settings.mode: self-hosted`): headers choose the provider, by `settings.provider`,
// `virtualKey`, `config` or `customHost`. https://portkey.ai/docs/api-reference/inference-api/headers
// https://portkey.ai/docs/product/ai-gateway/messages-api

import type { LlmTarget } from '../contract.ts';
import { bearerHeader, completionsProfile } from './profile.ts';

export const portkeyProfile = completionsProfile({
  name: 'portkey',
  path: 'routed',
  baseUrl: 'https://api.portkey.ai/v1',
  settings: { known: ['provider', 'virtualKey', 'config', 'customHost', 'mode'] },
  provider: (_, { provider, config }) => (config === undefined ? provider : undefined),
  headers: (target) => ({ ...credentialOf(target), ...routingHeaders(target) }),
  // Only some of the providers behind it have the form.
  responses: { isOptional: () => true },
  // The open-source gateway has it for some of them, too.
  messages: { isOptional: ({ mode }) => mode === 'self-hosted' },
  embeddings: {},
  readMetadata: (headers) => ({ provider: headers['x-portkey-provider'] }),
});

/** The key is Portkey's own when it is hosted, where the provider's key is stored; the open-source gateway passes on the provider's. */
function credentialOf(target: LlmTarget): Readonly<Record<string, string>> {
  return target.settings.mode === 'self-hosted' ? bearerHeader(target) : { 'x-portkey-api-key': target.apiKey };
}

function routingHeaders({ settings, retention }: LlmTarget): Readonly<Record<string, string>> {
  const { provider, virtualKey, config, customHost } = settings;
  return {
    ...(provider === undefined ? {} : { 'x-portkey-provider': provider }),
    ...(virtualKey === undefined ? {} : { 'x-portkey-virtual-key': virtualKey }),
    ...(config === undefined ? {} : { 'x-portkey-config': config }),
    ...(customHost === undefined ? {} : { 'x-portkey-custom-host': customHost }),
    // Portkey's logs then hold no bodies.
    ...(retention === 'zdr' ? { 'x-portkey-debug': 'false' } : {}),
  };
}
