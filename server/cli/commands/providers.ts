// The command that tells which realtime providers there are, by what the adapters declare of them. The page of providers is made of the same rows.

import type { Dialect } from '../../../adapters/realtime/contract/dialect.ts';
import type { Provider } from '../../../adapters/realtime/contract.ts';
import { basesOf, providers } from '../../../adapters/realtime/index.ts';
import { textTable } from '../text-table.ts';

export const PROVIDER_HEAD = [
  'provider',
  'host',
  'credential',
  'settings',
  'billed by',
  'a probe costs',
  'longest session',
  'paths',
] as const;
export const DIALECT_HEAD = [
  'dialect',
  'audio',
  'turns end by',
  'usage',
  'kept alive by',
  'continues',
  'pins',
  'clients may speak',
  'providers',
] as const;

/** The providers, with their paths, where and how they are dialled, and the base of the bill. */
export const providerRows = (): readonly (readonly string[])[] =>
  [...providers.values()].map((provider) => [
    provider.name,
    provider.baseUrl ?? 'your own',
    credentialOf(provider),
    Object.keys(provider.settings ?? {}).join(', ') || '-',
    billedBy(provider),
    probeCost(provider),
    longestSession(provider),
    [...new Set(provider.endpoints.map(({ path }) => path))].join(', '),
  ]);

/** The dialects, with what each can say, and who speaks it. */
export function dialectRows(): readonly (readonly string[])[] {
  const speakers = new Map<Dialect, Set<string>>();
  for (const { name, endpoints } of providers.values())
    for (const { dialect } of endpoints) speakers.set(dialect, (speakers.get(dialect) ?? new Set()).add(name));
  return [...speakers].map(([dialect, who]) => {
    const { name, capabilities, keepAlive = '-', context, pins } = dialect;
    return [
      name,
      audioOf(capabilities),
      capabilities.turnEnd === 'event' ? 'an event' : 'nothing',
      USAGE[capabilities.usage],
      keepAlive,
      context === undefined ? 'no' : 'yes',
      pins === undefined ? 'no' : 'yes',
      [...vocabulariesFor(dialect)].join(', ') || '-',
      [...who].join(', '),
    ];
  });
}

/** The other vocabularies of clients that the gateway translates from, by their names in the configuration. */
const vocabulariesFor = (dialect: Dialect): ReadonlySet<string> =>
  new Set(
    [...providers.values()].flatMap(({ endpoints, clients = {} }) =>
      Object.entries(clients).flatMap(([name, { endpoints: others = [] }]) =>
        others.some((other, at) => endpoints[at]?.dialect === dialect && other.dialect !== dialect) ? [name] : [],
      ),
    ),
  );

const audioOf = ({ audio, speech }: Dialect['capabilities']): string =>
  (audio === 'binary' ? 'binary messages' : 'base64 in events') + (speech === undefined ? '' : `, ${speech} only`);

const USAGE: Readonly<Record<Dialect['capabilities']['usage'], string>> = {
  'per-turn': 'each turn',
  cumulative: 'the sum so far',
  never: 'never',
  elsewhere: 'of the session beside',
};

/** The bases of most of its paths, and of those that differ. */
function billedBy(provider: Provider): string {
  const words = (bases: readonly string[]) => bases.map((base) => base.replace('-', ' ')).join(' and ') || 'nothing';
  const usual = words([provider.billing.by].flat());
  const own = provider.endpoints.flatMap((endpoint) =>
    endpoint.billedBy === undefined ? [] : [`${words(basesOf(provider, endpoint))} at ${endpoint.path}`],
  );
  return [usual, ...own].join(', ');
}

/** A probe asks for nothing, so that only time has a price; its path is most often the first. */
function probeCost(provider: Provider): string {
  const [endpoint] = provider.endpoints;
  return endpoint !== undefined && basesOf(provider, endpoint).includes('connected-time') ? 'its time' : 'nothing';
}

/** One time where all paths have the same. */
function longestSession({ endpoints }: Provider): string {
  const times = new Set(endpoints.map(({ maxSeconds }) => maxSeconds));
  const known = endpoints.flatMap(({ path, maxSeconds }) =>
    maxSeconds === undefined ? [] : [times.size === 1 ? hours(maxSeconds) : `${hours(maxSeconds)} at ${path}`],
  );
  return [...new Set(known)].join(', ') || '-';
}

const hours = (seconds: number): string => (seconds < 3600 ? `${seconds / 60} min` : `${seconds / 3600} h`);

/** Some have two forms, by what the credential looks like: those of a key, and of a token that has three parts. */
function credentialOf({ auth: usual, endpoints }: Provider): string {
  const forms = [usual, ...endpoints.flatMap(({ auth = [] }) => auth)].flatMap((auth) =>
    typeof auth === 'string' ? [auth] : [auth('key'), auth('a.b.c'), auth('auth_tokens/a')],
  );
  return [...new Set(forms)].join(', ');
}

/** Both tables, as text for people. */
export const providersText = (): string =>
  `${textTable(PROVIDER_HEAD, providerRows())}\n${textTable(DIALECT_HEAD, dialectRows())}`;
