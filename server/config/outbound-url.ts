// Rules for the URLs of a configuration: providers, LLM gateways, webhooks, and the proxies of the environment. A host name is resolved, and
// checked, when it is dialled.

import { isLoopbackHost, isPrivateAddress } from '../platform/private-address.ts';
import type { ProxySettings } from '../platform/proxy.ts';
import { ConfigError, type Problem } from './problem.ts';

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

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads HTTPS_PROXY, HTTP_PROXY and NO_PROXY, or their names in lower case, which go first as in curl. Returns undefined where no proxy is set. Throws a ConfigError for one that is no http: or https: URL, without showing it.
 */
export function proxySettings(env: Environment): ProxySettings | undefined {
  const problems: Problem[] = [];
  const https = proxyUrl('HTTPS_PROXY', env, problems);
  const http = proxyUrl('HTTP_PROXY', env, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  if (https === undefined && http === undefined) return undefined;
  return { https, http, except: (variable('NO_PROXY', env) ?? '').split(/[\s,]+/).filter(Boolean) };
}

/** Returns the addresses of the proxies, without what may be secret in them. */
export function shownProxies({ https, http }: ProxySettings): string {
  const shown = (name: string, url: string | undefined) =>
    url === undefined ? [] : [`${name} ${new URL(url).origin}`];
  return [...shown('HTTPS_PROXY', https), ...shown('HTTP_PROXY', http)].join(', ');
}

function proxyUrl(name: string, env: Environment, problems: Problem[]): string | undefined {
  const value = variable(name, env);
  if (value === undefined) return undefined;
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.hostname && (url.protocol === 'http:' || url.protocol === 'https:') && isEncoded(url)) return url.href;
  problems.push({ path: name, message: 'expected the URL of a proxy such as http://proxy.example.com:3128' });
  return undefined;
}

/** Tells whether user and password can be decoded. */
function isEncoded({ username, password }: URL): boolean {
  try {
    decodeURIComponent(`${username}${password}`);
    return true;
  } catch {
    return false;
  }
}

function variable(name: string, env: Environment): string | undefined {
  return env[name.toLowerCase()]?.trim() || env[name]?.trim() || undefined;
}
