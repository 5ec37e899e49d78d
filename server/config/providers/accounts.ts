// Brings the accounts of a file into the form in which they are used, and finds what is wrong with them by their kinds.

import type { Provider } from '../../../adapters/realtime/contract.ts';
import { filled, providers as kinds, knownPaths, settingsIn } from '../../../adapters/realtime/index.ts';
import { expectedName, unknownName } from '../../../codecs/text/nearest-names.ts';
import { baseUrlProblem } from '../file/outbound-url.ts';
import { FORWARD_CLIENT } from '../file/words.ts';
import type { Problem } from '../problem.ts';
import { probePathOf } from './dial-paths.ts';
import { type FileProvider, type ProviderConfig, preconnectSchema } from './schema.ts';

/** First segments of paths that are served, which no account may be named like: `/v1/...` would be its paths. */
const RESERVED = new Set(knownPaths.map((path) => path.split('/')[1] ?? ''));

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Adds to each account its kind. Reports those that have none, and what of an account does not fit its kind. */
export function accountsOf(
  inFile: Readonly<Record<string, FileProvider>>,
  report: (problem: Problem) => void,
): Record<string, ProviderConfig> {
  const accounts: Record<string, ProviderConfig> = {};
  for (const [name, account] of Object.entries(inFile)) {
    const path = `providers.${name}`;
    const kind = kinds.get(account.kind ?? name);
    if (kind === undefined)
      report({ path, message: `no kind is given, and the name is none: ${expectedName(name, [...kinds.keys()])}` });
    else {
      const { preconnect = preconnectSchema.parse(kind.preconnect ? {} : { connections: 0 }) } = account;
      const found = { ...account, kind: kind.name, preconnect };
      const problems = [...nameProblems(name, kind, path), ...kindProblems(account, kind, path)];
      for (const problem of problems.length > 0 ? problems : probeProblems(found, kind, `${path}.probe`))
        report(problem);
      accounts[name] = found;
    }
  }
  return accounts;
}

function nameProblems(name: string, kind: Provider, path: string): Problem[] {
  if (!NAME.test(name) || name.length > 64)
    return [{ path, message: 'expected a name in kebab-case, of at most 64 characters' }];
  if (RESERVED.has(name) && !kinds.has(name))
    return [{ path, message: `expected another name: paths that are served begin with /${name}/` }];
  return kinds.has(name) && kind.name !== name
    ? [{ path: `${path}.kind`, message: `expected ${name}, or another name for an account of ${kind.name}` }]
    : [];
}

function kindProblems(account: FileProvider, kind: Provider, path: string): Problem[] {
  const known = Object.keys(kind.settings ?? {});
  const unknown = Object.keys(account.settings).filter((name) => !known.includes(name));
  return [
    ...unknown.map((name) => ({
      path: `${path}.settings.${name}`,
      message: known.length === 0 ? `expected none: ${kind.name} has no settings` : unknownName('setting', name, known),
    })),
    ...(account.clients === undefined || account.clients in (kind.clients ?? {})
      ? []
      : [{ path: `${path}.clients`, message: `expected none: ${kind.name} has one vocabulary` }]),
    ...(kind.preconnect || !account.preconnect?.connections
      ? []
      : [
          {
            path: `${path}.preconnect.connections`,
            message: `expected 0: ${kind.name} allows no connection that is opened ahead`,
          },
        ]),
    ...(account.auth !== 'first-frame' || kind.endpoints.every(({ firstFrame }) => firstFrame !== undefined)
      ? []
      : [
          {
            path: `${path}.auth`,
            message: `expected another place: not all sessions of ${kind.name} have a credential in their messages`,
          },
        ]),
    ...baseUrlProblems(account, kind, path),
  ];
}

/** Reads the account as a probe would dial it, which is in order but for that. */
function probeProblems(account: ProviderConfig, kind: Provider, path: string): Problem[] {
  if (account.probe === undefined) return [];
  if (account.apiKey === FORWARD_CLIENT)
    return [
      { path, message: 'expected none: apiKey is client, and a probe has no client whose credential it could have' },
    ];
  const { dialled, path: tried, skipped } = probePathOf(kind, account);
  return dialled === undefined ? [{ path, message: `${tried} cannot be dialled: ${skipped}` }] : [];
}

function baseUrlProblems(
  { baseUrl, settings, allowPrivate, path: own = '' }: FileProvider,
  kind: Provider,
  path: string,
): Problem[] {
  const url = baseUrl ?? kind.baseUrl;
  if (url === undefined)
    return [
      { path: `${path}.baseUrl`, message: `expected the wss: URL of your own: ${kind.name} has no host for everybody` },
    ];
  const missing = settingsIn(url + own).filter((name) => settings[name] === undefined);
  if (missing.length > 0)
    return missing.map((name) => ({
      path: `${path}.settings.${name}`,
      message: `missing, expected what stands for {${name}} in ${url}${own}`,
    }));
  const unsafe = settingsIn(url).find((name) => !/^[\w-]+$/.test(settings[name] ?? ''));
  if (unsafe !== undefined)
    return [
      {
        path: `${path}.settings.${unsafe}`,
        message: 'expected letters, digits, - and _, since it is a part of a host name',
      },
    ];
  const message = baseUrlProblem(filled(url, settings), 'wss', allowPrivate);
  return message === undefined ? [] : [{ path: `${path}.baseUrl`, message }];
}
