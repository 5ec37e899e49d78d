// Finds a client's credential in a handshake, in the places that a provider declares. What is found never goes upstream.

import type { Handshake } from '../contract.ts';
import type { CredentialPlaces } from './places.ts';

/** The places that clients of every provider may use. */
export const commonPlaces: CredentialPlaces = {
  headers: ['authorization', 'api-key', 'x-api-key', 'x-goog-api-key', 'xi-api-key'],
  subprotocolPairs: [],
  subprotocolPrefixes: ['bearer.'],
  parameters: ['key', 'api-key', 'api_key', 'apikey', 'access_token', 'token', 'authorization'],
};

/** Merges the places of several providers, for paths that belong to none. */
export function mergedPlaces(all: readonly CredentialPlaces[]): CredentialPlaces {
  const merged = (of: (places: CredentialPlaces) => readonly string[]) => [...new Set(all.flatMap(of))];
  return {
    headers: merged(({ headers }) => headers),
    subprotocolPairs: merged(({ subprotocolPairs }) => subprotocolPairs),
    subprotocolPrefixes: merged(({ subprotocolPrefixes }) => subprotocolPrefixes),
    parameters: merged(({ parameters }) => parameters),
    ...(all.some(({ basic }) => basic) ? { basic: true } : {}),
  };
}

/**
 * Returns the first credential that is not empty: in the headers, then the subprotocols, then the query. Headers come first, since a
 * page cannot be tricked into sending them; the query comes behind the others, since it is what gets logged and shared. A first message that was read
 * is all that there is.
 */
export function findCredential(handshake: Handshake, places: CredentialPlaces): string | undefined {
  return (
    fromHeaders(handshake, places) ??
    fromPairs(handshake.protocols, places) ??
    fromPrefixes(handshake.protocols, places) ??
    fromQuery(handshake.query, places) ??
    handshake.firstFrame?.credential
  );
}

/** Returns the offered subprotocols that neither are a credential, in whatever case it was announced, nor follow the word that announces one. */
export function withoutCredentials(
  protocols: readonly string[],
  { subprotocolPairs, subprotocolPrefixes }: CredentialPlaces,
): readonly string[] {
  return protocols.filter((protocol, at) => {
    const lower = protocol.toLowerCase();
    const isAnnounced = at > 0 && subprotocolPairs.includes(protocols[at - 1]?.toLowerCase() ?? '');
    return !isAnnounced && !subprotocolPrefixes.some((prefix) => lower.startsWith(prefix));
  });
}

function fromHeaders({ headers }: Handshake, places: CredentialPlaces): string | undefined {
  for (const name of places.headers) {
    const value = headers[name];
    if (typeof value !== 'string') continue;
    const credential = name === 'authorization' ? authorized(value, places) : value.trim();
    if (credential) return credential;
  }
  return undefined;
}

const authorized = (value: string, { basic }: CredentialPlaces): string | undefined =>
  schemeValue(value) ?? (basic && basicUser(value)) ?? bareValue(value);

/** The user-id of RFC 7617; a value that has no colon in it is a credential as it stands (document of a provider). */
function basicUser(header: string): string | undefined {
  const value = /^\s*basic\s+([\w+/=.-]+)\s*$/i.exec(header)?.[1];
  if (value === undefined) return undefined;
  const [user, password] = Buffer.from(value, 'base64').toString().split(':');
  return user && password !== undefined && /^[\x21-\x7e]+$/.test(user) ? user : value;
}

/** The credential behind the name of its scheme, where there is one. */
export function schemeValue(header: string): string | undefined {
  return /^\s*(?:bearer|token)\s+(\S+)\s*$/i.exec(header)?.[1];
}

/** A credential without a scheme; the name of a scheme alone is none. */
function bareValue(header: string): string | undefined {
  return /^\s*(?!(?:bearer|token|basic)\s*$)(\S+)\s*$/i.exec(header)?.[1];
}

/** A credential with a beginning of its own is found by that. */
function fromPairs(protocols: readonly string[], places: CredentialPlaces): string | undefined {
  const at = protocols.findIndex((protocol) => places.subprotocolPairs.includes(protocol));
  const next = at < 0 ? undefined : protocols[at + 1];
  return next && !places.subprotocolPrefixes.some((prefix) => next.startsWith(prefix)) ? next : undefined;
}

function fromPrefixes(protocols: readonly string[], { subprotocolPrefixes }: CredentialPlaces): string | undefined {
  for (const prefix of subprotocolPrefixes) {
    const entry = protocols.find((protocol) => protocol.startsWith(prefix) && protocol.length > prefix.length);
    if (entry !== undefined) return entry.slice(prefix.length);
  }
  return undefined;
}

function fromQuery(query: URLSearchParams, { parameters }: CredentialPlaces): string | undefined {
  for (const name of parameters) {
    for (const [key, value] of query) {
      if (key.toLowerCase() === name && value !== '') return schemeValue(value) ?? value;
    }
  }
  return undefined;
}

/** Tells a token that has three parts from a key, which has no dots. */
export const isJwt = (credential: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(credential);
