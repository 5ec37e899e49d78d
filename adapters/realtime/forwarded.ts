// Picks what of a client's handshake goes on to a provider: an allowlist of headers, and the query without the gateway's own parameters.
// Credentials, cookies and forwarding headers never go on.

import type { CredentialPlaces, Handshake } from './contract.ts';

/** The query parameters by which a client chooses the id of its session, and names the one that it continues (in two names). */
const ownParameters = ['trunkline-session', 'trunkline-continue', 'trunkline-seed'];

/** Joins `baseUrl` (it may have a path of its own), `path`, and the client's query without credentials and our own parameters. */
export function upstreamUrl(
  baseUrl: string,
  { path, query }: Pick<Handshake, 'path' | 'query'>,
  { parameters }: CredentialPlaces,
): string {
  const { origin, pathname, search } = new URL(baseUrl);
  const kept = new URLSearchParams(search);
  for (const [name, value] of query) {
    const lower = name.toLowerCase();
    if (!ownParameters.includes(lower) && !parameters.includes(lower)) kept.append(name, value);
  }
  const url = origin + pathname.replace(/\/+$/, '') + path;
  return kept.size === 0 ? url : `${url}?${kept}`;
}

/** Returns the client's headers of these names, which are in lower case. */
export function pickHeaders(handshake: Handshake, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = handshake.headers[name];
    if (typeof value === 'string') picked[name] = value;
  }
  return picked;
}
