// Lists the providers and finds who serves a path. The gateway knows providers only through this file.

import { pathPattern } from '../../codecs/path-pattern.ts';
import type { Handshake, NotServed, Provider, ServedEndpoint } from './contract.ts';
import { findCredential, mergedPlaces } from './credential.ts';
import { gemini } from './gemini/adapter.ts';
import { openai } from './openai/adapter.ts';

export { errorTypeByStatus } from './openai/error-type.ts';
export { headerText } from './settings.ts';

/** Providers by name. */
export const providers: ReadonlyMap<string, Provider> = new Map([
  [openai.name, openai],
  [gemini.name, gemini],
]);

const all = [...providers.values()];

/** Every WebSocket path, for the 404 that lists them. */
export const knownPaths: readonly string[] = all.flatMap(({ endpoints }) => endpoints.map(({ path }) => path));

const allPlaces = mergedPlaces(all.map(({ credentials }) => credentials));

/** The credential of a client, where the provider of the path expects it; anywhere on a path that belongs to none. */
export function clientCredential(handshake: Handshake, provider: Provider | undefined): string | undefined {
  return findCredential(handshake, provider?.credentials ?? allPlaces);
}

/** The first offered subprotocol that the provider's clients may be answered with. */
export function selectSubprotocol({ protocols }: Handshake, { subprotocols }: Provider): string | undefined {
  return protocols.find((protocol) => subprotocols.includes(protocol));
}

/** An endpoint that is served, and its provider. */
export interface FoundEndpoint {
  readonly provider: Provider;
  readonly endpoint: ServedEndpoint;
}

/** An HTTP endpoint that is known and not served, and its provider. */
export interface FoundNotServed {
  readonly provider: Provider;
  readonly endpoint: NotServed;
}

const byPath: ReadonlyMap<string, FoundEndpoint> = new Map(
  all.flatMap((provider) => provider.endpoints.map((endpoint) => [endpoint.path, { provider, endpoint }] as const)),
);

const allNotServed = all.flatMap((provider) =>
  provider.notServed.map((endpoint) => ({ provider, endpoint, matches: pathPattern(endpoint.path) })),
);

/** `path`: leading slashes collapsed, no query. */
export function findEndpoint(path: string): FoundEndpoint | undefined {
  return byPath.get(path);
}

/** The endpoint that SDKs know and this gateway does not serve; `{name}` in its path stands for one segment. */
export function findNotServed(method: string, path: string): FoundNotServed | undefined {
  return allNotServed.find(({ endpoint, matches }) => endpoint.method === method && matches(path) !== undefined);
}
