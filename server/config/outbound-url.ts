// Rules for the URLs of a configuration: providers, LLM gateways, webhooks. A host name is resolved, and checked, when it is dialled.

import { isLoopbackHost, isPrivateAddress } from '../platform/private-address.ts';

type Scheme = 'https' | 'wss';

/** Returns what is wrong with a URL, in words that do not show it. Without TLS, and to a private address, it needs `allowPrivate`. */
export function urlProblem(text: string, scheme: Scheme, allowPrivate: boolean): string | undefined {
  if (!URL.canParse(text)) return `expected a URL such as ${scheme}://api.example.com`;
  const plainScheme = scheme.slice(0, -1);
  const url = new URL(text);
  if (url.protocol !== `${scheme}:` && url.protocol !== `${plainScheme}:`) return `expected ${a(scheme)}: URL`;
  if (url.username || url.password) return 'expected a URL without a credential';
  if (url.hash) return 'expected a URL without a fragment';
  if (allowPrivate) return undefined;
  if (url.protocol === `${plainScheme}:`)
    return `expected ${a(scheme)}: URL (${plainScheme}: needs allowPrivate: true)`;
  if (isLoopbackHost(url.hostname) || isPrivateAddress(url.hostname))
    return 'expected a public address (a loopback or private one needs allowPrivate: true)';
  return undefined;
}

const a = (scheme: Scheme) => (scheme === 'https' ? 'an https' : 'a wss');

/** Returns what is wrong with a URL to which paths are appended, beside an `apiKey`. */
export function baseUrlProblem(text: string, scheme: Scheme, allowPrivate: boolean): string | undefined {
  const problem = urlProblem(text, scheme, allowPrivate);
  if (problem === 'expected a URL without a credential') return `${problem} (it belongs into apiKey)`;
  return problem ?? (new URL(text).search ? 'expected a URL without query and fragment' : undefined);
}
