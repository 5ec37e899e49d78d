// Where a client's credential can be in a handshake, whichever SDK sent it. What is found here never goes upstream.

import type { Handshake } from './contract.ts';

const headerNames = ['api-key', 'x-goog-api-key', 'xi-api-key'];
const protocolPrefixes = ['openai-insecure-api-key.', 'xai-client-secret.', 'ai-gateway-auth.', 'bearer.'];
const queryNames = ['key', 'api-key', 'api_key', 'apikey', 'access_token', 'token', 'authorization'];

/** The query parameters by which a client chooses the id of its session, and names the one that it continues (in two names). */
const ownQueryNames = ['trunkline-session', 'trunkline-continue', 'trunkline-seed'];

/**
 * The first that is not empty, in this order: `Authorization` (Bearer or Token); the headers `api-key`, `x-goog-api-key`,
 * `xi-api-key`; the subprotocols `openai-insecure-api-key.*`, `xai-client-secret.*`, `ai-gateway-auth.*`, `bearer.*`; the
 * query parameters `key`, `api-key`, `api_key`, `apikey`, `access_token`, `token`, `authorization`. Headers come first,
 * since a page cannot be tricked into sending them; the query comes last, since it is what gets logged and shared.
 */
export function findCredential(handshake: Handshake): string | undefined {
  return fromHeaders(handshake) ?? fromProtocols(handshake.protocols) ?? fromQuery(handshake.query);
}

/** Whether a query parameter is the gateway's own affair: a credential, or the id of a session. */
export function isPrivateParameter(name: string): boolean {
  const lower = name.toLowerCase();
  return ownQueryNames.includes(lower) || queryNames.includes(lower);
}

/** `realtime` where it is offered: the one entry that carries neither a credential nor an account nor a session. */
export function chooseSubprotocol(handshake: Handshake): string | undefined {
  return handshake.protocols.includes('realtime') ? 'realtime' : undefined;
}

function fromHeaders({ headers }: Handshake): string | undefined {
  const authorization = schemeValue(headers.authorization);
  if (authorization !== undefined) return authorization;
  for (const name of headerNames) {
    const value = headers[name];
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
  }
  return undefined;
}

function schemeValue(header: string | undefined): string | undefined {
  return /^\s*(?:bearer|token)\s+(\S+)\s*$/i.exec(header ?? '')?.[1];
}

function fromProtocols(protocols: readonly string[]): string | undefined {
  for (const prefix of protocolPrefixes) {
    const entry = protocols.find((protocol) => protocol.startsWith(prefix) && protocol.length > prefix.length);
    if (entry !== undefined) return entry.slice(prefix.length);
  }
  return undefined;
}

function fromQuery(query: URLSearchParams): string | undefined {
  for (const name of queryNames) {
    for (const [key, value] of query) {
      if (key.toLowerCase() === name && value !== '') return schemeValue(value) ?? value;
    }
  }
  return undefined;
}
