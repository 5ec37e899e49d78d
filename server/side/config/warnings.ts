// Settings that load and can never work. Rule: only what is certain, since nothing is refused for it.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';
import { providers as realtimeProviders, spokenBy } from '../../../adapters/realtime/index.ts';
import { isOfProvider } from '../../../codecs/text/glob.ts';
import type { Config } from '../../config/config.ts';
import { faultText, type Problem } from '../../config/problem.ts';
import { targetLabel } from '../../config/providers/models-schema.ts';
import { providerTable } from '../../config/providers/table.ts';
import { classNames } from '../../http/class-policy.ts';
import { unknownPath } from '../../http/nearest-path.ts';
import { sidePaths } from '../../ipc/side-routes.ts';
import { keyWarnings } from './key-warnings.ts';
import { llmWarnings } from './llm-warnings.ts';
import { wordsWarnings } from './words-conflicts.ts';

/** Every setting that can never work, and what would help. */
export function warningsOf(config: Config): Problem[] {
  return [
    ...listenWarnings(config.listen),
    ...providerWarnings(config),
    ...vocabularyWarnings(config),
    ...routeWarnings(config),
    ...llmWarnings(config),
    ...wordsWarnings(config),
    ...keyWarnings(config),
    ...webhookWarnings(config),
  ];
}

/** Warns of a name of `models` whose targets have clients of two vocabularies at one path, where a client of either is served by none of the other. */
function vocabularyWarnings({ models, ...config }: Config): Problem[] {
  const { accounts } = providerTable(config);
  return Object.entries(models).flatMap(([name, targets]) => {
    const all = targets.flatMap(({ provider }) =>
      (accounts.get(provider)?.endpoints ?? []).map(({ path, dialect }) => ({
        provider,
        path,
        spoken: spokenBy(dialect),
      })),
    );
    for (const { path, spoken, provider } of all) {
      const other = all.find((one) => one.path === path && one.spoken !== spoken && one.provider !== provider);
      if (other === undefined) continue;
      const words = `those of ${provider} speak ${spoken.name}, those of ${other.provider} ${other.spoken.name}`;
      return [
        { path: `models.${name}`, message: `expected targets with clients of one vocabulary at ${path}: ${words}` },
      ];
    }
    return [];
  });
}

function listenWarnings({ proxyProtocol, trustedProxies, tls }: Config['listen']): Problem[] {
  const expiry = tls && certificateProblem(tls.cert);
  return [
    ...(proxyProtocol && trustedProxies.length === 0
      ? [{ path: 'listen.proxyProtocol', message: 'nobody may send the header: expected listen.trustedProxies' }]
      : []),
    ...(expiry === undefined ? [] : [{ path: 'listen.tls.cert', message: expiry }]),
  ];
}

function certificateProblem(file: string): string | undefined {
  try {
    const { validFromDate, validToDate } = new X509Certificate(readFileSync(file));
    const now = new Date();
    if (validToDate < now) return `clients refuse this certificate: it ended on ${validToDate.toISOString()}`;
    if (validFromDate > now) return `clients refuse this certificate until ${validFromDate.toISOString()}`;
    return undefined;
  } catch (error) {
    return `expected a certificate in PEM: ${faultText(error)}`;
  }
}

/** Warns of providers that nobody can reach, and of patterns for providers that are not there. */
function providerWarnings({
  providers,
  rehearsal,
  keys,
  hasRehearsalGateway,
  gateways,
  models: named,
}: Config): Problem[] {
  const configured = Object.keys(providers);
  const served = [...configured, ...(rehearsal === false ? [] : rehearsal.providers)];
  const isNothing = served.length === 0 && !hasRehearsalGateway && Object.keys(gateways).length === 0;
  const isForAll = keys.length === 0 || keys.some(({ models }) => models === undefined);
  const patterns = keys.flatMap(({ models = [] }) =>
    models.flatMap((pattern) => named[pattern]?.map(targetLabel) ?? [pattern]),
  );
  const unused = configured.filter((name) => !isForAll && !patterns.some((pattern) => isOfProvider(pattern, name)));
  return [
    ...(isNothing ? [{ path: 'providers', message: 'nothing is served: expected providers or gateways' }] : []),
    ...unused.map((name) => ({
      path: `providers.${name}`,
      message: `no key may use it: no keys[].models has ${name}/`,
    })),
    ...keys.flatMap(({ models = [] }, index) =>
      models.flatMap((pattern, place) => {
        const isServed = Object.hasOwn(named, pattern) || served.some((name) => isOfProvider(pattern, name));
        const message = `it allows nothing: expected a provider that is configured (${served.join(', ') || 'none is'})`;
        return isServed ? [] : [{ path: `keys[${index}].models[${place}]`, message }];
      }),
    ),
  ];
}

function routeWarnings({ routes, keys }: Config): Problem[] {
  const endpoints = [...realtimeProviders.values()].flatMap(({ endpoints, calls = [] }) =>
    [...endpoints, ...calls.filter(({ start }) => start !== undefined)].map(({ path }) => path),
  );
  const paths = [...new Set([...endpoints, ...sidePaths('key')])];
  const isOfKeys = keys.length > 0 && keys.every((key) => key.class !== undefined);
  return Object.entries(routes).flatMap(([path, route]) => {
    const at = `routes.${path}`;
    if (!paths.includes(path)) return [{ path: at, message: unknownPath(path, paths).message }];
    return isOfKeys && route.class !== undefined
      ? [{ path: `${at}.class`, message: 'it is never taken: every key has a class of its own, which comes first' }]
      : [];
  });
}

function webhookWarnings(config: Config): Problem[] {
  const hasTasks = classNames(config).length > 0;
  return config.webhooks.flatMap(({ secret, events }, index) => {
    const at = `webhooks[${index}]`;
    const problems: Problem[] = [];
    if (!canSign(secret))
      problems.push({ path: `${at}.secret`, message: 'nothing can be signed: expected base64 behind whsec_' });
    if (!hasTasks && events.every((event) => event.startsWith('task.')))
      problems.push({ path: `${at}.events`, message: 'they never happen: no task can run without classes' });
    return problems;
  });
}

/** Any text signs as it is, but for one with the prefix of the standard. */
function canSign(secret: string): boolean {
  if (!secret.startsWith('whsec_')) return true;
  try {
    return new Webhook(secret) !== undefined;
  } catch {
    return false;
  }
}
