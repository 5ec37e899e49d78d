// Rules for the URLs of a configuration: providers, LLM gateways, webhooks, origins, and the proxies of the environment. A host name is
// resolved, and checked, when it is dialled.

import { llmProfiles } from '../../../adapters/llm/index.ts';
import { providers as kinds } from '../../../adapters/realtime/index.ts';
import type { ProxySettings } from '../../platform/outbound/proxy.ts';
import { isLoopbackHost, isPrivateAddress } from '../../platform/private-address.ts';
import { ConfigError, type Problem } from '../problem.ts';
import type { ProviderConfig } from '../providers/schema.ts';

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

interface UrlSettings {
  readonly listen: { readonly origins: string[] };
  readonly providers: Readonly<Record<string, ProviderConfig>>;
  readonly gateways: Readonly<Record<string, GatewayUrl>>;
}

interface GatewayUrl {
  readonly profile: string;
  readonly baseUrl?: string | undefined;
  readonly settings: Record<string, string>;
}

/** Copies settings with the URLs that must have been meant. Warns of each that was written otherwise. */
export function meantUrls<Settings extends UrlSettings>(
  settings: Settings,
  warn: (problem: Problem) => void,
): Settings {
  const { listen, providers: realtime, gateways } = settings;
  const meant = (path: string, written: string, used: string) => {
    if (used !== written) warn({ path, message: `expected "${used}", which is used, got "${written}"` });
    return used;
  };
  const accounts = mapValues(realtime, (account, name) => {
    const { kind, baseUrl } = account;
    if (baseUrl === undefined || !URL.canParse(baseUrl)) return account;
    const paths = kinds.get(kind)?.endpoints.map(({ path }) => path) ?? [];
    return { ...account, baseUrl: meant(`providers.${name}.baseUrl`, baseUrl, beforePaths(baseUrl, paths)) };
  });
  const endpoints = mapValues(gateways, (gateway, name) => {
    const { baseUrl } = gateway;
    if (baseUrl === undefined || !URL.canParse(baseUrl)) return gateway;
    return { ...gateway, baseUrl: meant(`gateways.${name}.baseUrl`, baseUrl, gatewayUrl(baseUrl, gateway)) };
  });
  const origins = listen.origins.map((origin, at) => meant(`listen.origins[${at}]`, origin, browserOrigin(origin)));
  return { ...settings, listen: { ...listen, origins }, providers: accounts, gateways: endpoints };
}

function mapValues<Value, Mapped>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value, name: string) => Mapped,
) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}

/** Leaves out a beginning of one of the paths that will be appended: `wss://host/v1` ahead of `/v1/realtime`. */
function beforePaths(baseUrl: string, paths: readonly string[], leastSegments = 1): string {
  const { origin, pathname, search } = new URL(baseUrl);
  const segments = pathname.split('/').filter(Boolean);
  const isAppended = (tail: string) => paths.some((path) => path === tail || path.startsWith(`${tail}/`));
  const at = segments.findIndex((_, index) => isAppended(`/${segments.slice(index).join('/')}`));
  if (at < 0 || segments.length - at < leastSegments) return baseUrl;
  return (
    origin +
    segments
      .slice(0, at)
      .map((segment) => `/${segment}`)
      .join('') +
    search
  );
}

/** Adds the path that the profile's own host needs, and leaves out that of the endpoint. */
function gatewayUrl(baseUrl: string, { profile: name, settings }: GatewayUrl): string {
  const profile = llmProfiles.get(name);
  if (profile === undefined) return baseUrl;
  const { host, pathname } = new URL(baseUrl);
  const own = [profile.baseUrl, ...Object.values(profile.regions ?? {})].flatMap((url) => url ?? []);
  if (pathname === '/') return own.find((url) => new URL(url).host === host) ?? baseUrl;
  const base = 'https://endpoint.invalid';
  const target = { baseUrl: base, apiKey: '', model: '-', settings };
  const call = { messages: [{ role: 'user', content: '-' }], isStreamed: false, extra: {} };
  const path = profile.toRequest(call, target).url.slice(base.length);
  // A proxy may well have a path such as /chat; it hardly has all of /chat/completions.
  return beforePaths(baseUrl, [path], Math.min(2, path.split('/').length - 1));
}

/** The form in which browsers send an origin: in lower case, without the default port of its scheme. */
export function browserOrigin(origin: string): string {
  return /^https?:/i.test(origin) && URL.canParse(origin) ? new URL(origin).origin : origin;
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
