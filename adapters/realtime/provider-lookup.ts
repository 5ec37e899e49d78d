// Finds the provider and the endpoint of a path, and the credential of a client, among some providers.

import { pathPattern } from '../../codecs/path-pattern.ts';
import type { Handshake, NotServed, Provider, ServedEndpoint } from './contract.ts';
import { findCredential, mergedPlaces, withoutCredentials } from './credential.ts';
import { OWN_PREFIX } from './forwarded.ts';

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
  /** Returns the offered subprotocols that are no credential of any provider, in the order in which a client may be answered with them. */
  answerable(handshake: Handshake): readonly string[];
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
    answerable: ({ protocols }) => {
      const names = withoutCredentials(protocols, allPlaces);
      // A parameter of ours is no secret, but no name that a client looks for either.
      const isOwn = (name: string): boolean => name.startsWith(OWN_PREFIX);
      return [...names.filter((name) => !isOwn(name)), ...names.filter(isOwn)];
    },
  };
}

const withPattern = <Endpoint extends { readonly path: string }>(provider: Provider, endpoint: Endpoint) => ({
  provider,
  endpoint,
  match: pathPattern(endpoint.path),
});
