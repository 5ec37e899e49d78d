// Describes in a few words what a configuration serves: for `config check` and for the start of the server. Names only, no secrets.

import { isGlob } from '../../codecs/text/glob.ts';
import type { Config } from '../config/config.ts';
import type { ClassConfig } from '../config/side/llm-schema.ts';
import { classNames } from '../http/class-policy.ts';
import { writtenBudgets } from '../side/billing/budgets/own-budgets.ts';
import { keptCatalogues } from '../side/llm/catalogue/known.ts';
import { longRedact } from '../side/llm/steps/redact/rules.ts';
import { modelNames } from '../side/runs/call/model-names.ts';

/** Parts with their names, in order; one that is not configured says so. */
export function describeConfig(config: Config): readonly (readonly [name: string, text: string])[] {
  const { gateways, tasks, webhooks } = config;
  return [
    ['keys', keysOf(config)],
    ['providers', providersOf(config)],
    ['gateways', config.hasRehearsalGateway ? "none, the rehearsal's own" : names(Object.keys(gateways))],
    ['classes', names(classesOf(config))],
    ['tasks', names([...new Set(tasks.map(({ kind }) => kind))])],
    ['budgets', names(writtenBudgets(config).map(({ budget }) => budgetText(budget)))],
    ['webhooks', names(webhooks.map(({ url }) => new URL(url).host))],
    ['store', storeOf(config)],
  ];
}

/** Classes with what is told of each. */
function classesOf(config: Config): readonly string[] {
  const catalogues = keptCatalogues(config);
  return classNames(config).map((name) => {
    const terms = config.classes[name];
    const facts = terms === undefined ? [] : [...modelsOf(name, terms, { config, catalogues }), ...wordsOf(terms)];
    return facts.length === 0 ? name : `${name} (${facts.join('; ')})`;
  });
}

interface Known {
  readonly config: Config;
  readonly catalogues: ReturnType<typeof keptCatalogues>;
}

/** A class with a pattern has the models that its catalogues are known to have. */
function modelsOf(name: string, terms: ClassConfig, { config, catalogues }: Known): readonly string[] {
  if (!terms.targets.some(({ model }) => isGlob(model))) return [];
  const found = modelNames({ config, catalogues, classes: [[name, terms]], dataClass: 'open' });
  const models = [...found.listed()].filter(([listed, { model }]) => listed === model).length;
  const unknown = found.catalogued.filter((gateway) => catalogues.of(gateway) === undefined);
  const missing = unknown.length > 0 ? `, and those of ${unknown.join(', ')}, not fetched yet` : '';
  return [`${models} ${models === 1 ? 'model' : 'models'}${missing}`];
}

/** Words that a class keeps from its targets, and its checks. */
function wordsOf({ redact, guard }: ClassConfig): readonly string[] {
  const { kinds = [], patterns = {} } = redact === undefined ? {} : longRedact(redact);
  const redacted = [...kinds, ...Object.keys(patterns)];
  const checks = (['input', 'output'] as const).flatMap((side) =>
    (guard?.[side] ?? []).map(
      ({ name, action }, at) => `${side} ${name ?? at + 1}${action === 'flag' ? ' (flags)' : ''}`,
    ),
  );
  return [
    ...(redacted.length === 0 ? [] : [`redacts ${redacted.join(', ')}`]),
    ...(checks.length === 0 ? [] : [`checks ${checks.join(', ')}`]),
  ];
}

/** Names that are shown; others are counted. */
const MAX_NAMES = 12;

function names(all: readonly string[]): string {
  const shown = all.slice(0, MAX_NAMES).join(', ') || 'none';
  return all.length > MAX_NAMES ? `${shown} and ${all.length - MAX_NAMES} more` : shown;
}

/** Those of the store can be many, and change. */
function keysOf({ access, keys }: Config): string {
  if (access === 'open') return 'open mode, loopback only';
  return keys.length === 0 ? 'none in the file' : names(keys.map(({ id }) => id));
}

function providersOf({ providers, rehearsal }: Config): string {
  const configured = names(Object.keys(providers));
  return rehearsal === false
    ? configured
    : `${configured}, rehearsal for ${rehearsal.providers.join(', ')} (no key, no model)`;
}

function budgetText({ key, team, each, class: name, path, ...budget }: Config['budgets'][number]): string {
  const { window, maxUsd } = budget;
  const counted = [key, team && `team ${team}`, each && `each ${each}`, name, path === 'both' ? undefined : path];
  const whose = counted.filter((part) => part !== undefined).join('/') || 'all';
  return `${whose} ${maxUsd} USD ${window === 'total' ? 'in all' : `a ${window}`}`;
}

function storeOf({ store: { url }, dataDirectory }: Config): string {
  if (url === 'sqlite') return `sqlite in ${dataDirectory}`;
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return host === '' ? 'postgres' : `postgres on ${host}`;
}
