// Finds the provider and the endpoint of a path, and the credential of a client, among some providers.

import { type PathParameters, pathPattern } from '../../../codecs/text/path-pattern.ts';
import type { CallEndpoint } from '../contract/calls.ts';
import type { Mint } from '../contract/mint.ts';
import type { Handshake, NotServed, Provider, ServedEndpoint } from '../contract.ts';
import { findCredential, mergedPlaces, withoutCredentials } from './credential.ts';
import { OWN_PREFIX } from './forwarded.ts';

/** Somebody whose SDKs know endpoints that are not served here. */
export type NotServedBy = Pick<Provider, 'name' | 'notServed' | 'httpError'>;

/** An endpoint and its provider. */
interface FoundEndpoint {
  readonly provider: Provider;
  readonly endpoint: ServedEndpoint;
}
interface FoundNotServed {
  readonly provider: NotServedBy;
  readonly endpoint: NotServed;
}

interface FoundMint {
  readonly provider: Provider;
  readonly mint: Mint;
  /** Segments that stand for the names in its path. */
  readonly parameters: PathParameters;
}

interface MintRoute extends Pick<Mint, 'path'> {
  readonly method: 'GET' | 'POST';
}

/** A path of calls of a provider, and the id of the call in it. */
interface FoundCall {
  readonly provider: Provider;
  readonly endpoint: CallEndpoint;
  /** The name as the path has it; undefined where it has none. */
  readonly id: string | undefined;
}

interface ProviderLookup {
  /** Providers by name. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** Every WebSocket path, as a pattern. */
  readonly knownPaths: readonly string[];
  /**
   * Finds the endpoint of a path, which has its leading slashes collapsed and no query: that behind the name of a provider, else the provider's own,
   * else that behind the name of an account, which is not known here.
   */
  findEndpoint(path: string): FoundEndpoint | undefined;
  /** Finds the endpoints of one provider, or of an account of its kind, at its own path: see `ServedEndpoint.serves`. */
  endpointsAt(provider: Pick<Provider, 'endpoints'>, path: string): readonly ServedEndpoint[];
  /** Finds an endpoint that SDKs know and this gateway does not serve; its provider tells the shape of the answer. */
  findNotServed(method: string, path: string): FoundNotServed | undefined;
  /** Finds the path on which SDKs ask for a credential of a browser, and its provider: as `findEndpoint` does. */
  findMint(path: string): FoundMint | undefined;
  /** Finds the paths of one provider, or of an account of its kind, at its own path. */
  mintsAt(provider: Provider, path: string): readonly FoundMint[];
  /** Every such path, each once, with its method. */
  readonly mintRoutes: readonly MintRoute[];
  /** Finds the path of calls: as `findEndpoint` does. */
  findCall(method: string, path: string): FoundCall | undefined;
  /** Finds the path of calls of one provider, or of an account of its kind, at its own path. */
  callAt(provider: Provider, method: string, path: string): FoundCall | undefined;
  /** Every path of calls. */
  readonly callPaths: readonly Pick<CallEndpoint, 'method' | 'path'>[];
  /** Finds the credential of a client where the provider of the path expects it; anywhere on a path that belongs to none. */
  clientCredential(handshake: Handshake, provider: Provider | undefined): string | undefined;
  /** Returns the offered subprotocols that are no credential of any provider, in the order in which a client may be answered with them. */
  answerable(handshake: Handshake): readonly string[];
}

/** Makes the lookup of providers with different names. Of those that have the same path the first is found. `others`: those who have no endpoint that is served. */
export function createProviderLookup(all: readonly Provider[], others: readonly NotServedBy[] = []): ProviderLookup {
  const served = all.flatMap((provider) => provider.endpoints.map((endpoint) => withPattern(provider, endpoint)));
  const notServed = [...all, ...others].flatMap((provider) =>
    provider.notServed.map((endpoint) => withPattern(provider, endpoint)),
  );
  const mintsOfKind = ({ mints = [], clients = {} }: Provider): readonly Mint[] => [
    ...new Set([...mints, ...Object.values(clients).flatMap(({ mints: own = [] }) => own)]),
  ];
  const mints = new Map(all.flatMap(mintsOfKind).map((mint) => [mint, pathPattern(mint.path)] as const));
  const byName = new Map(all.map((provider) => [provider.name, provider]));
  const matches = new Map(served.map(({ endpoint, match }) => [endpoint, match]));
  const matchOf = (endpoint: ServedEndpoint) => matches.get(endpoint) ?? pathPattern(endpoint.path);
  const ownOf = (path: string) => served.find(({ match }) => match(path) !== undefined);
  function behindName(path: string, isKnown: boolean): FoundEndpoint | undefined {
    const { name, rest } = namedPath(path);
    if (byName.has(name) !== isKnown) return undefined;
    return isKnown
      ? served.find(({ provider, match }) => provider.name === name && match(rest) !== undefined)
      : ownOf(rest);
  }
  function mintsAt(provider: Provider, path: string): readonly FoundMint[] {
    return (provider.mints ?? []).flatMap((mint) => {
      const parameters = (mints.get(mint) ?? pathPattern(mint.path))(path);
      return parameters === undefined ? [] : [{ provider, mint, parameters }];
    });
  }
  const ownMint = (path: string) => firstOf(all, (provider) => mintsAt(provider, path)[0]);
  /** Those of some accounts alone, too. */
  const anyMint = (path: string) => firstOf(all, (kind) => mintsAt({ ...kind, mints: mintsOfKind(kind) }, path)[0]);
  function mintBehindName(path: string): FoundMint | undefined {
    const { name, rest } = namedPath(path);
    const named = byName.get(name);
    return named === undefined ? anyMint(rest) : mintsAt({ ...named, mints: mintsOfKind(named) }, rest)[0];
  }
  const calls = new Map(
    all.flatMap(({ calls = [] }) => calls).map((endpoint) => [endpoint, pathPattern(endpoint.path)] as const),
  );
  function callAt(provider: Provider, method: string, path: string): FoundCall | undefined {
    for (const endpoint of provider.calls ?? []) {
      const found = endpoint.method === method ? (calls.get(endpoint) ?? pathPattern(endpoint.path))(path) : undefined;
      if (found !== undefined) return { provider, endpoint, id: found.id };
    }
    return undefined;
  }
  const ownCall = (method: string, path: string) => firstOf(all, (provider) => callAt(provider, method, path));
  function findCall(method: string, path: string): FoundCall | undefined {
    const { name, rest } = namedPath(path);
    const named = byName.get(name);
    const own = named && callAt(named, method, rest);
    return own ?? ownCall(method, path) ?? (named === undefined ? ownCall(method, rest) : undefined);
  }
  const allPlaces = mergedPlaces(all.map(({ credentials }) => credentials));
  return {
    providers: byName,
    knownPaths: [...new Set(served.map(({ endpoint }) => endpoint.path))],
    findEndpoint: (path) => behindName(path, true) ?? ownOf(path) ?? behindName(path, false),
    endpointsAt: ({ endpoints }, path) => endpoints.filter((endpoint) => matchOf(endpoint)(path) !== undefined),
    findNotServed(method, path) {
      // Patterns of a whole API match these, too.
      if (ownMint(path) !== undefined) return undefined;
      return notServed.find(
        ({ endpoint, match }) => (endpoint.method ?? method) === method && match(path) !== undefined,
      );
    },
    findMint: (path) => anyMint(path) ?? mintBehindName(path),
    mintsAt,
    mintRoutes: [...new Map([...mints.keys()].map((mint) => [mint.path, routeOf(mint)])).values()],
    findCall,
    callAt,
    callPaths: [...calls.keys()].map(({ method, path }) => ({ method, path })),
    clientCredential: (handshake, provider) => findCredential(handshake, provider?.credentials ?? allPlaces),
    answerable: ({ protocols }) => {
      const names = withoutCredentials(protocols, allPlaces);
      // A parameter of ours is no secret, but no name that a client looks for either.
      const isOwn = (name: string): boolean => name.startsWith(OWN_PREFIX);
      return [...names.filter((name) => !isOwn(name)), ...names.filter(isOwn)];
    },
  };
}

/** The first segment of a path, which may be the name of an account, and the path behind it, whose leading slashes collapse, too. */
export function namedPath(path: string): { readonly name: string; readonly rest: string } {
  const end = path.indexOf('/', 1);
  return end < 0
    ? { name: path.slice(1), rest: '/' }
    : { name: path.slice(1, end), rest: path.slice(end).replace(/^\/+/, '/') };
}

function firstOf<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

const routeOf = ({ method = 'POST', path }: Mint): MintRoute => ({ method, path });

const withPattern = <Owner, Endpoint extends { readonly path: string }>(provider: Owner, endpoint: Endpoint) => ({
  provider,
  endpoint,
  match: pathPattern(endpoint.path),
});
