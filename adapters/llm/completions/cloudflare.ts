// Cloudflare AI Gateway: its URL names the account and the gateway (`settings`), the model names who serves. No answer comes from its cache.
// https://developers.cloudflare.com/ai-gateway/usage/chat-completion/, .../configuration/, .../glossary/

import type { LlmTarget } from '../contract.ts';
import { bearerHeader, completionsProfile, completionsUrl, vendorOf } from './profile.ts';

export const cloudflareProfile = completionsProfile({
  name: 'cloudflare',
  path: 'routed',
  baseUrl: 'https://gateway.ai.cloudflare.com/v1',
  settings: { known: ['account', 'gateway', 'mode'], required: ['account', 'gateway'] },
  provider: vendorOf,
  url: ({ baseUrl, settings: { account = '', gateway = '' } }) => {
    const path = [account, gateway].map(encodeURIComponent).join('/');
    return completionsUrl({ baseUrl: `${baseUrl.replace(/\/+$/, '')}/${path}/compat` });
  },
  headers: (target) => ({
    ...credentialOf(target),
    'cf-aig-skip-cache': 'true',
    // A retry would be an attempt that our budget has not seen.
    'cf-aig-max-attempts': '1',
    ...(target.retention === 'zdr' ? { 'cf-aig-collect-log-payload': 'false' } : {}),
  }),
  readMetadata: (headers) => ({ provider: headers['cf-aig-provider'], served: headers['cf-aig-model'] }),
});

/** `mode: provider-key`: the key is the provider's; else it is Cloudflare's, and the provider's is stored there. */
function credentialOf(target: LlmTarget): Readonly<Record<string, string>> {
  return target.settings.mode === 'provider-key'
    ? bearerHeader(target)
    : { 'cf-aig-authorization': `Bearer ${target.apiKey}` };
}
