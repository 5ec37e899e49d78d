// Which URLs of a configuration may be called over HTTP: LLM gateways and webhooks. A name is resolved, and checked, when it is dialled.

import { isLoopbackHost, isPrivateAddress } from '../platform/private-address.ts';

/** What is wrong with a URL, in words that do not show it; undefined when nothing is. */
export function outboundUrlProblem(text: string, allowPrivate: boolean): string | undefined {
  if (!URL.canParse(text)) return 'expected a URL such as https://api.example.com';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'expected an https: URL';
  if (url.username || url.password) return 'expected a URL without a credential';
  if (url.hash) return 'expected a URL without a fragment';
  if (allowPrivate) return undefined;
  if (url.protocol === 'http:') return 'expected an https: URL (http: needs allowPrivate: true)';
  if (isLoopbackHost(url.hostname) || isPrivateAddress(url.hostname))
    return 'expected a public address (a loopback or private one needs allowPrivate: true)';
  return undefined;
}
