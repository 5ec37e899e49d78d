// Finds the provider and the endpoint of a path, and the credential of a client, among some providers.

import { pathPattern } from '../../codecs/path-pattern.ts';
import type { Handshake, NotServed, Provider, ServedEndpoint } from './contract.ts';
import { findCredential, mergedPlaces } from './credential.ts';

/** An endpoint and its provider. */
interface Found<Endpoint> {
  readonly provider: Provider;
  readonly endpoint: Endpoint;
}
type FoundEndpoint = Found<ServedEndpoint>;

interface ProviderLookup {
  /** Providers by name. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** Every WebSocket path, as a pattern. */
  readonly knownPaths: readonly string[];
  /** Finds the endpoint of a path, which has its leading slashes collapsed and no query. */
  findEndpoint(path: string): FoundEndpoint | undefined;
  /** Finds an endpoint that SDKs know and this gateway does not serve. */
  findNotServed(method: string, path: string): Found<NotServed> | undefined;
  /** Finds the credential of a client where the provider of the path expects it; anywhere on a path that belongs to none. */
  clientCredential(handshake: Handshake, provider: Provider | undefined): string | undefined;
}

/** Makes the lookup of providers with different names and paths. */
export function createProviderLookup(all: readonly Provider[]): ProviderLookup {
  const served = all.flatMap((provider) => provider.endpoints.map((endpoint) => withPattern(provider, endpoint)));
  const notServed = all.flatMap((provider) => provider.notServed.map((endpoint) => withPattern(provider, endpoint)));
  const allPlaces = mergedPlaces(all.map(({ credentials }) => credentials));
  return {
    providers: new Map(all.map((provider) => [provider.name, provider])),
    knownPaths: served.map(({ endpoint }) => endpoint.path),
    findEndpoint: (path) => served.find(({ match }) => match(path) !== undefined),
    findNotServed: (method, path) =>
      notServed.find(({ endpoint, match }) => endpoint.method === method && match(path) !== undefined),
    clientCredential: (handshake, provider) => findCredential(handshake, provider?.credentials ?? allPlaces),
  };
}

const withPattern = <Endpoint extends { readonly path: string }>(provider: Provider, endpoint: Endpoint) => ({
  provider,
  endpoint,
  match: pathPattern(endpoint.path),
});

/** Returns the first offered subprotocol that the provider's clients may be answered with. */
export function selectSubprotocol({ protocols }: Handshake, { subprotocols }: Provider): string | undefined {
  return protocols.find((protocol) => subprotocols.includes(protocol));
}
