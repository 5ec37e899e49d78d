// Portkey, hosted or its open-source gateway: who serves is a header. `settings`: `provider` (such as openai), `virtualKey` or `config`,
// and `apiKey` for the key of the gateway itself where apiKey is the provider's. https://portkey.ai/docs/api-reference/inference-api/headers

import type { LlmTarget } from '../contract.ts';
import { bearerHeader, completionsProfile } from './profile.ts';

export const portkeyProfile = completionsProfile({
  name: 'portkey',
  path: 'routed',
  baseUrl: 'https://api.portkey.ai/v1',
  settings: { known: ['provider', 'virtualKey', 'config', 'customHost', 'mode'] },
  provider: (_, { provider, config }) => (config === undefined ? provider : undefined),
  headers: (target) => ({ ...credentialOf(target), ...namesOf(target) }),
  readMetadata: (headers) => ({ provider: headers['x-portkey-provider'] }),
});

/** Hosted, the key is Portkey's own and the provider's is stored there; the open-source gateway passes on the provider's. */
function credentialOf(target: LlmTarget): Readonly<Record<string, string>> {
  return target.settings.mode === 'self-hosted' ? bearerHeader(target) : { 'x-portkey-api-key': target.apiKey };
}

function namesOf({ settings, retention }: LlmTarget): Readonly<Record<string, string>> {
  const { provider, virtualKey, config, customHost } = settings;
  return {
    ...(provider === undefined ? {} : { 'x-portkey-provider': provider }),
    ...(virtualKey === undefined ? {} : { 'x-portkey-virtual-key': virtualKey }),
    ...(config === undefined ? {} : { 'x-portkey-config': config }),
    ...(customHost === undefined ? {} : { 'x-portkey-custom-host': customHost }),
    // Its logs then hold no bodies.
    ...(retention === 'zdr' ? { 'x-portkey-debug': 'false' } : {}),
  };
}
