// Finds what is wrong with names of realtime models: targets that are not there, or that cannot stand in for each other.

import type { Dialect } from '../../../adapters/realtime/contract/dialect.ts';
import type { Provider, ServedEndpoint } from '../../../adapters/realtime/contract.ts';
import { spokenBy } from '../../../adapters/realtime/index.ts';
import { matchesGlob } from '../../../codecs/text/glob.ts';
import { unknownName } from '../../../codecs/text/nearest-names.ts';
import type { Config, ModelTarget } from '../config.ts';
import { FORWARD_CLIENT } from '../file/words.ts';
import type { Problem } from '../problem.ts';
import { targetLabel } from './models-schema.ts';
import { providerTable } from './table.ts';

type Accounts = Pick<Config, 'providers' | 'rehearsal'>;

export function modelConflicts({ models, ...config }: Accounts & Pick<Config, 'models'>): Problem[] {
  return Object.entries(models).flatMap(([name, targets]) => {
    const path = `models.${name}`;
    const own = targets.flatMap((target, index) => [
      ...targetProblems(target, `${path}[${index}]`, config),
      ...(targets.findIndex((other) => targetLabel(other) === targetLabel(target)) < index
        ? [{ path: `${path}[${index}]`, message: `expected each target once, got ${targetLabel(target)} again` }]
        : []),
    ]);
    if (providerTable(config).accounts.has(name))
      return [{ path, message: `expected another name: ${name} is that of a provider` }];
    return own.length > 0 ? own : togetherProblems(targets, path, config);
  });
}

function targetProblems({ provider: name, model }: ModelTarget, path: string, config: Accounts): Problem[] {
  const { accounts, isThere } = providerTable(config);
  const provider = accounts.get(name);
  if (provider === undefined || !isThere(provider)) {
    const known = [...accounts.keys()].filter((one) => isThere({ name: one }));
    return [{ path: `${path}.provider`, message: unknownName('provider', name, known) }];
  }
  const plain = provider.modelInLists?.(model) ?? model;
  if (plain !== model)
    return [{ path: `${path}.model`, message: `expected ${plain}, as lists and prices know it, got ${model}` }];
  const served = config.providers[name]?.models;
  if (served !== undefined && !served.some((pattern) => matchesGlob(pattern, model)))
    return [
      {
        path: `${path}.model`,
        message: `expected one of providers.${name}.models (${served.join(', ')}), got ${model}`,
      },
    ];
  return dialectsOf(provider).length > 0
    ? []
    : [
        {
          path,
          message: `expected a provider whose sessions name their model in the query or in the first message: those of ${name} do not`,
        },
      ];
}

/** Checks that a session of one of them could be one of any other. */
function togetherProblems(targets: readonly ModelTarget[], path: string, config: Accounts): Problem[] {
  const names = [...new Set(targets.map(({ provider }) => provider))];
  const { accounts } = providerTable(config);
  const spoken = names.map((name) => ({ name, dialects: dialectsOf(accounts.get(name)) }));
  const [first, ...others] = spoken;
  if (first !== undefined && !first.dialects.some((one) => others.every(({ dialects }) => dialects.includes(one)))) {
    const words = spoken.map(({ name, dialects }) => `${name} speaks ${dialects.map((one) => one.name).join(', ')}`);
    return [{ path, message: `expected targets that speak one dialect: ${words.join('; ')}` }];
  }
  const rehearsed = names.filter((name) => config.providers[name] === undefined);
  if (rehearsed.length > 0 && rehearsed.length < names.length)
    return [
      {
        path,
        message: `expected providers that are all configured, or all rehearsed: ${rehearsed.join(', ')} is not configured`,
      },
    ];
  const forwarding = names.filter((name) => config.providers[name]?.apiKey === FORWARD_CLIENT);
  return forwarding.length < 2
    ? []
    : [
        {
          path,
          message: `expected one provider with apiKey: client at most, got ${forwarding.join(', ')}: a client's credential is for one of them`,
        },
      ];
}

/** The dialects of the clients to whom it serves a model that the query names, or the first message. */
function dialectsOf(provider: Provider | undefined): readonly Dialect[] {
  const named = (provider?.endpoints ?? []).filter((endpoint) => !endpoint.path.includes('{') && namesModel(endpoint));
  return [...new Set(named.map(({ dialect }) => spokenBy(dialect)))];
}

function namesModel({ path, resources, dialect }: ServedEndpoint): boolean {
  if (dialect.firstName !== undefined) return true;
  const rawQuery = 'model=a';
  const named = resources({ path, rawQuery, query: new URLSearchParams(rawQuery), headers: {}, protocols: [] });
  return named !== 'unknown' && named.some(({ name }) => name === 'a');
}
