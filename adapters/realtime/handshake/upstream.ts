// Makes the connection to dial out of what a client asked for and the account that it is for: URL, headers, and the credential in its place.

import type { Account, AuthForm, Handshake, Provider, ServedEndpoint, Upstream } from '../contract.ts';
import { pickHeaders, upstreamUrl, withoutSwitches, withParameter } from './forwarded.ts';

/** The parts of a provider that say how it is dialled. */
type Dialled = Pick<Provider, 'auth' | 'baseUrl' | 'credentials' | 'forwardedHeaders' | 'headers' | 'settingHeaders'>;

/** Returns how to dial the provider for this client. `handshake.path`: the provider's own path. Throws where no base URL is known. */
export function upstreamOf(
  provider: Dialled,
  endpoint: Pick<ServedEndpoint, 'auth' | 'baseUrl' | 'upstreamPath' | 'keepsPath' | 'ownSwitches'>,
  handshake: Handshake,
  account: Account,
): Upstream {
  const { credential, settings } = account;
  const { rawQuery } = handshake;
  const base = account.baseUrl ?? endpoint.baseUrl ?? provider.baseUrl;
  if (base === undefined) throw new Error('expected a base URL');
  const configured = endpoint.keepsPath ? undefined : account.path;
  const path = configured ?? endpoint.upstreamPath?.(handshake.path, credential) ?? handshake.path;
  const url = upstreamUrl(filled(base, settings), { path: filled(path, settings), rawQuery }, provider.credentials);
  const headers = {
    ...provider.headers,
    ...pickHeaders(withoutSwitches(handshake, endpoint.ownSwitches), provider.forwardedHeaders),
    ...headersOf(provider.settingHeaders, settings),
    ...account.headers,
  };
  const auth = endpoint.auth ?? provider.auth;
  const own = typeof auth === 'string' ? auth : auth(credential);
  return { kind: 'websocket', ...authorized({ url, headers }, account.auth ?? own, credential), subprotocols: [] };
}

/** Returns how to dial a URL that the provider has made for one session, which needs no credential beside it. */
export const upstreamAt = (
  url: string,
  { forwardedHeaders }: Pick<Provider, 'forwardedHeaders'>,
  handshake: Handshake,
  headers: Upstream['headers'],
): Upstream => ({
  kind: 'websocket',
  url,
  headers: { ...pickHeaders(handshake, forwardedHeaders), ...headers },
  subprotocols: [],
});

/** The names of the settings that a URL has places for: `{workspace}`. */
export const settingsIn = (url: string): readonly string[] =>
  [...url.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

/** Fills settings into their places; one that is not given leaves its place as it is. */
export const filled = (url: string, settings: Account['settings']): string =>
  url.replaceAll(/\{(\w+)\}/g, (place, name: string) => settings[name] ?? place);

function headersOf(names: Provider['settingHeaders'] = {}, settings: Account['settings']): Record<string, string> {
  const given = Object.entries(names).flatMap(([name, header]) => {
    const value = settings[name];
    return value === undefined ? [] : [[header, value] as const];
  });
  return Object.fromEntries(given);
}

function authorized(
  { url, headers }: Pick<Upstream, 'url' | 'headers'>,
  form: AuthForm,
  credential: string,
): Pick<Upstream, 'url' | 'headers' | 'inFirstFrame'> {
  const withHeader = (name: string, value: string) => ({ url, headers: { ...headers, [name]: value } });
  switch (form) {
    case 'bearer':
      return withHeader('authorization', `Bearer ${credential}`);
    case 'token':
      return withHeader('authorization', `Token ${credential}`);
    case 'basic':
      return withHeader('authorization', `Basic ${credential}`);
    case 'raw':
      return withHeader('authorization', credential);
    case 'first-frame':
      return { url, headers, inFirstFrame: credential };
    default: {
      const [place, name = ''] = form.split(':');
      return place === 'query'
        ? { url: withParameter(url, name, credential), headers }
        : withHeader(name.toLowerCase(), credential);
    }
  }
}
