// Finds the accounts that may serve a path: those that are configured, by their names and by the paths of their kinds.

import type { CallEndpoint } from '../../../adapters/realtime/contract/calls.ts';
import type { Mint } from '../../../adapters/realtime/contract/mint.ts';
import type { Provider, ServedEndpoint } from '../../../adapters/realtime/contract.ts';
import { callAt, endpointsAt, providers as kinds, mintsAt, namedPath } from '../../../adapters/realtime/index.ts';
import type { PathParameters } from '../../../codecs/text/path-pattern.ts';
import type { Config } from '../config.ts';

/** An endpoint of an account. */
export interface AccountEndpoint {
  /** It has the name of the account. */
  readonly provider: Provider;
  readonly endpoint: ServedEndpoint;
  /** The kind's own path, which is dialled: without the name of the account. */
  readonly path: string;
  /** The path that the client asks for names the account. */
  readonly isNamed: boolean;
}

/** A path of an account on which SDKs ask for a credential of a browser. */
export interface AccountMint {
  readonly provider: Provider;
  readonly mint: Mint;
  /** Segments that stand for the names in its path. */
  readonly parameters: PathParameters;
  /** See `AccountEndpoint`. */
  readonly path: string;
}

/** A path of calls of an account, and the id of the call in it. */
interface AccountCall {
  readonly provider: Provider;
  readonly endpoint: CallEndpoint;
  readonly id: string | undefined;
  /** See `AccountEndpoint`. */
  readonly path: string;
}

interface ProviderTable {
  /** Every account, and every kind that has none of its name. */
  readonly accounts: ReadonlyMap<string, Provider>;
  /** Tells whether it is configured, or rehearsed. */
  isThere(provider: Pick<Provider, 'name'>): boolean;
  /** The endpoints of a path, the best ones first: those of the account which the path names, then of those whose own path it is. */
  at(path: string): readonly AccountEndpoint[];
  /** The same of the paths of mints. */
  mintsAt(path: string): readonly AccountMint[];
  /** The same of the paths of calls. */
  callsAt(method: string, path: string): readonly AccountCall[];
}

const tables = new WeakMap<object, ProviderTable>();

/** The accounts of a configuration; those of one that does not change are found out once. */
export function providerTable({ providers, rehearsal }: Pick<Config, 'providers' | 'rehearsal'>): ProviderTable {
  const known = tables.get(providers);
  if (known !== undefined) return known;
  const rehearsed = rehearsal === false ? [] : rehearsal.providers;
  const table = makeTable(providers, rehearsed);
  tables.set(providers, table);
  return table;
}

function makeTable(configured: Config['providers'], rehearsed: readonly string[]): ProviderTable {
  const named = Object.entries(configured).flatMap(([name, account]) => {
    const kind = kinds.get(account?.kind ?? name);
    const isPlain = kinds.has(name) && account?.clients === undefined;
    return kind === undefined || isPlain ? [] : [[name, accountOf(kind, name, account?.clients)] as const];
  });
  const accounts: ReadonlyMap<string, Provider> = new Map([...kinds, ...named]);
  const isThere = ({ name }: Pick<Provider, 'name'>): boolean =>
    configured[name] !== undefined || rehearsed.includes(name);
  const isAskedFor = ({ provider: { name }, endpoint: { needsSetting } }: AccountEndpoint): boolean =>
    needsSetting === undefined || configured[name]?.settings[needsSetting] !== undefined;
  const all = [...accounts.values()];
  const inOrder = [...all.filter(isThere), ...all.filter((provider) => !isThere(provider))];
  return {
    accounts,
    isThere,
    at(path) {
      const { name, rest } = namedPath(path);
      const addressed = accounts.get(name);
      return [
        ...(addressed === undefined ? [] : found(addressed, rest, true)),
        ...inOrder.flatMap((provider) => found(provider, path, false)),
      ].filter(isAskedFor);
    },
    mintsAt(path) {
      const { name, rest } = namedPath(path);
      const addressed = accounts.get(name);
      const named = addressed === undefined ? [] : mintsOf(addressed, rest);
      return named.length > 0 ? named : inOrder.flatMap((provider) => mintsOf(provider, path));
    },
    callsAt(method, path) {
      const { name, rest } = namedPath(path);
      const addressed = accounts.get(name);
      const named = addressed === undefined ? [] : callsOf(addressed, method, rest);
      return named.length > 0 ? named : inOrder.flatMap((provider) => callsOf(provider, method, path));
    },
  };
}

/** `clients`: the vocabulary of its clients, where that is not the provider's. */
const accountOf = (kind: Provider, name: string, clients = ''): Provider => ({
  ...kind,
  ...kind.clients?.[clients],
  name,
});

const mintsOf = (provider: Provider, path: string): AccountMint[] =>
  mintsAt(provider, path).map((mint) => ({ ...mint, path }));

function callsOf(provider: Provider, method: string, path: string): AccountCall[] {
  const call = callAt(provider, method, path);
  return call === undefined ? [] : [{ ...call, path }];
}

const found = (provider: Provider, path: string, isNamed: boolean): AccountEndpoint[] =>
  endpointsAt(provider, path).map((endpoint) => ({ provider, endpoint, path, isNamed }));
