// What of a client's handshake goes on to a provider: an allowlist. Credentials, cookies and forwarding headers never do.

import type { Handshake } from './contract.ts';
import { isPrivateParameter } from './credential.ts';

/** `baseUrl` (it may have a path of its own) + `path` + what the query holds besides the gateway's own affairs. */
export function endpointUrl(baseUrl: string, path: string, query: URLSearchParams): string {
  const { origin, pathname, search } = new URL(baseUrl);
  const kept = new URLSearchParams(search);
  for (const [name, value] of query) if (!isPrivateParameter(name)) kept.append(name, value);
  const url = origin + pathname.replace(/\/+$/, '') + path;
  return kept.size === 0 ? url : `${url}?${kept}`;
}

/** The client's headers of these (lower case) names. */
export function pickHeaders(handshake: Handshake, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = handshake.headers[name];
    if (typeof value === 'string') picked[name] = value;
  }
  return picked;
}
