// Cloudflare AI Gateway: the URL holds account and gateway (`settings`), the model's name the provider. Its cache is never used.
// https://developers.cloudflare.com/ai-gateway/usage/chat-completion/, .../configuration/, .../glossary/

import type { LlmTarget } from '../contract.ts';
import { bearerHeader, completionsProfile, completionsUrl, modelsUrl, vendorOf } from './profile.ts';

export const cloudflareProfile = completionsProfile({
  name: 'cloudflare',
  path: 'routed',
  baseUrl: 'https://gateway.ai.cloudflare.com/v1',
  settings: { known: ['account', 'gateway', 'mode'], required: ['account', 'gateway'] },
  provider: vendorOf,
  url: (target) => completionsUrl({ baseUrl: compatUrl(target) }),
  catalogue: { urls: (target) => [modelsUrl({ baseUrl: compatUrl(target) })] },
  headers: (target) => ({
    ...credentialOf(target),
    'cf-aig-skip-cache': 'true',
    // A retry would be an attempt that the budget does not count.
    'cf-aig-max-attempts': '1',
    ...(target.retention === 'zdr' ? { 'cf-aig-collect-log-payload': 'false' } : {}),
  }),
  readMetadata: (headers) => ({ provider: headers['cf-aig-provider'], served: headers['cf-aig-model'] }),
});

function compatUrl({
  baseUrl,
  settings: { account = '', gateway = '' },
}: Pick<LlmTarget, 'baseUrl' | 'settings'>): string {
  const path = [account, gateway].map(encodeURIComponent).join('/');
  return `${baseUrl.replace(/\/+$/, '')}/${path}/compat`;
}

/** The key is the provider's with `mode: provider-key`; otherwise Cloudflare's, where the provider's key is stored. */
function credentialOf(target: LlmTarget): Readonly<Record<string, string>> {
  return target.settings.mode === 'provider-key'
    ? bearerHeader(target)
    : { 'cf-aig-authorization': `Bearer ${target.apiKey}` };
}
