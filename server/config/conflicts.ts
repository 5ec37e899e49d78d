// Conflicts between settings, and with the file system: open listeners, duplicates, certificates that cannot be used.

import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { providers as kinds } from '../../adapters/realtime/index.ts';
import { unknownName } from '../../codecs/text/nearest-names.ts';
import { isLoopbackHost } from '../platform/private-address.ts';
import type { Config } from './config.ts';
import type { FileKey } from './key-schema.ts';
import { faultText, type Problem } from './problem.ts';
import { modelConflicts } from './providers/model-conflicts.ts';
import { providerTable } from './providers/table.ts';
import type { Limits } from './schema.ts';

/** Every conflict between fields, and between the configuration and the file system. */
export function conflictsOf(config: Config): Problem[] {
  const { listen, admin, access, keys, teams, limits } = config;
  return [
    ...hostConflicts(listen.host, admin, access),
    ...accessConflicts(access, keys),
    ...portConflicts(listen, admin),
    ...tlsConflicts(listen),
    ...modelConflicts(config),
    ...keyConflicts(keys, config),
    ...Object.entries(teams).flatMap(([name, { models = [] }]) =>
      modelProblems(models, `teams.${name}.models`, config),
    ),
    ...limitConflicts(limits),
    ...surviveConflicts(config),
  ];
}

/** Refuses paths that no session survives at, which would be taken for covered. A path behind the name of an account is that of its kind. */
function surviveConflicts({ survive, ...config }: Config): Problem[] {
  const served = [...providerTable(config).accounts.values()].flatMap(({ endpoints }) => endpoints);
  const known = [...new Set(served.filter(({ dialect }) => dialect.resumption).map(({ path }) => path))];
  return survive.paths.flatMap((path, index) =>
    known.includes(path)
      ? []
      : [{ path: `survive.paths[${index}]`, message: unknownName('path of sessions that can survive', path, known) }],
  );
}

function hostConflicts(host: string, admin: Config['admin'], access: Config['access']): Problem[] {
  const problems: Problem[] = [];
  const expected = (found: string) => `expected a loopback address, got "${found}"`;
  if (access === 'open' && !isLoopbackHost(host))
    problems.push({
      path: 'listen.host',
      message: `${expected(host)}: anyone could use it without keys, or access: keys`,
    });
  if (!admin.token && !isLoopbackHost(admin.host))
    problems.push({ path: 'admin.host', message: `${expected(admin.host)}: others need admin.token` });
  return problems;
}

/** Refuses keys that nobody would need. */
function accessConflicts(access: Config['access'], keys: readonly FileKey[]): Problem[] {
  if (access === 'keys' || keys.length === 0) return [];
  return [{ path: 'access', message: 'expected keys, got open, which lets everyone in, whatever keys says' }];
}

function portConflicts(listen: Config['listen'], admin: Config['admin']): Problem[] {
  const ports: readonly (readonly [string, number | false])[] = [
    ['listen.port', listen.port],
    ['listen.tlsPort', listen.tlsPort],
    ['admin.port', admin.port],
  ];
  return ports.flatMap(([path, port], index) => {
    // Port 0 takes a free port, another one each time.
    const same = ports.slice(0, index).find(([, earlier]) => port && earlier === port);
    return same ? [{ path, message: `expected a port of its own, got ${port}, which is ${same[0]} too` }] : [];
  });
}

function tlsConflicts({ tls, tlsPort }: Config['listen']): Problem[] {
  const problems: Problem[] = [];
  if (tls && tlsPort === false)
    problems.push({ path: 'listen.tls', message: 'expected a listen.tlsPort to go with it, got false' });
  for (const [field, file] of Object.entries<string>(tls ?? {})) {
    const fault = faultIn(() => readFileSync(file));
    if (fault)
      problems.push({ path: `listen.tls.${field}`, message: `expected a readable file, got "${file}": ${fault}` });
  }
  if (problems.length > 0 || !tls) return problems;
  const fault = faultIn(() => createSecureContext({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }));
  return fault ? [{ path: 'listen.tls', message: `expected a certificate and its key in PEM, got: ${fault}` }] : [];
}

/** Memory grows by doubling, so that of one message may be twice its length, the headers of its fragments (14 bytes at most) included. */
function limitConflicts(limits: Limits): Problem[] {
  const { clientMaxPayloadBytes, providerMaxPayloadBytes, maxFragments, maxUnfinishedBytes } = limits;
  const least = 2 * (Math.max(clientMaxPayloadBytes, providerMaxPayloadBytes) + 14 * maxFragments);
  if (maxUnfinishedBytes >= least) return [];
  const message = `expected at least ${least}, twice the largest message with its headers, got ${maxUnfinishedBytes}`;
  return [{ path: 'limits.maxUnfinishedBytes', message }];
}

function faultIn(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return faultText(error);
  }
}

function keyConflicts(keys: readonly FileKey[], config: Named): Problem[] {
  return keys.flatMap(({ id, secret, models = [] }, index) => {
    const path = `keys[${index}]`;
    const earlierKeys = keys.slice(0, index);
    const problems = modelProblems(models, `${path}.models`, config);
    if (earlierKeys.some((key) => key.id === id))
      problems.push({ path: `${path}.id`, message: `expected a unique id, got "${id}" again` });
    const same = earlierKeys.findIndex((key) => key.secret === secret);
    if (same >= 0)
      problems.push({ path: `${path}.secret`, message: `expected a unique secret, got that of keys[${same}]` });
    return problems;
  });
}

type Named = Pick<Config, 'providers' | 'models'>;

/** Refuses a misspelt provider or model, whose pattern would match nothing without saying so. `path`: that of the list. */
export function modelProblems(patterns: readonly string[], path: string, config: Named): Problem[] {
  const providers = [...new Set([...kinds.keys(), ...Object.keys(config.providers)])];
  return patterns.flatMap((pattern, index) => {
    const [provider = '', ...model] = pattern.split('/');
    if (model.length === 0) {
      if (Object.hasOwn(config.models, pattern)) return [];
      const known = Object.keys(config.models).map((name) => ` or ${name}`);
      const message = `expected provider/model, such as openai/*${known.join('')}, got "${pattern}"`;
      return [{ path: `${path}[${index}]`, message }];
    }
    if (provider.includes('*') || providers.includes(provider)) return [];
    return [{ path: `${path}[${index}]`, message: unknownName('provider', provider, providers) }];
  });
}
