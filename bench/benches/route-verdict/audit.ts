// Says of a configuration what each class has of coverage, fallback, governance, cost and freedom to leave, and what both paths log, with what is
// missing. Rule: the file is read, and nobody is asked.

import { llmProfiles } from '../../../adapters/llm/index.ts';
import { isGlob } from '../../../codecs/text/glob.ts';
import type { Config } from '../../../server/config/config.ts';
import { loadConfig } from '../../../server/config/load.ts';
import type { ClassConfig } from '../../../server/config/side/llm-schema.ts';
import { writtenBudgets } from '../../../server/side/billing/budgets/own-budgets.ts';
import { createPrices } from '../../../server/side/billing/prices.ts';
import { sideConflicts } from '../../../server/side/config/side-conflicts.ts';
import { callPathOf } from '../../../server/side/llm/policy.ts';
import type { ReportTable } from '../../figures/results.ts';

/** Throws a ConfigError that names what is wrong with the file. */
export const auditOf = (file: string): ReportTable[] => auditTables(loadConfig({ file, check: sideConflicts }));

/** A factor of the routed path, what a class has of it, and what it lacks. */
interface Finding {
  readonly factor: string;
  readonly has: readonly string[];
  readonly lacks: readonly string[];
}

function auditTables(config: Config): ReportTable[] {
  const classes = Object.entries(config.classes);
  const columns = ['', 'there is', 'missing'];
  const row = (name: string) => (found: Finding) => [`${name}: ${found.factor}`, list(found.has), list(found.lacks)];
  const none = [['(no classes)', 'nothing is routed: only the rehearsal answers calls', 'gateways and classes']];
  return [
    {
      title: 'the routed path in your configuration, by class',
      columns,
      rows: classes.length === 0 ? none : classes.flatMap(([name]) => findingsOf(name, config).map(row(name))),
    },
    {
      title: 'what your configuration logs in both paths',
      columns: ['', 'direct path: sessions', 'routed path: calls', 'missing'],
      rows: evidenceOf(config),
    },
  ];
}

const list = (words: readonly string[]): string => (words.length === 0 ? '–' : words.join('; '));
const given = (words: readonly (string | false | undefined)[]): string[] =>
  words.filter((word) => typeof word === 'string');

function findingsOf(name: string, config: Config): Finding[] {
  const terms = config.classes[name] as ClassConfig;
  return [
    coverageOf(name, terms, config),
    fallbackOf(terms, config),
    governanceOf(name, terms, config),
    costOf(name, terms, config),
    lockInOf(terms, config),
  ];
}

const labelOf = ({ gateway, model }: ClassConfig['targets'][number]): string => `${gateway}/${model}`;

function coverageOf(name: string, { targets }: ClassConfig, { aliases }: Config): Finding {
  const patterns = targets.filter(({ model }) => isGlob(model));
  const named = targets.filter(({ model }) => !isGlob(model));
  const reached = Object.entries(aliases).flatMap(([alias, { targets: of }]) =>
    of.some((one) => targets.some((target) => labelOf(target) === labelOf(one))) ? [alias] : [],
  );
  return {
    factor: 'coverage',
    has: given([
      named.length > 0 && `${named.length} named: ${named.map(labelOf).join(', ')}`,
      patterns.length > 0 && `catalogues of ${patterns.map(labelOf).join(', ')}`,
      reached.length > 0 && `aliases ${reached.join(', ')}`,
    ]),
    lacks: given([
      patterns.length === 0 && 'a pattern: models that a gateway lists and nobody named are not offered',
      named.length === 0 && `a named target: a call has to name its model, and no task runs in ${name}`,
    ]),
  };
}

function fallbackOf(
  { targets, fallback, order, escalate, hedgeMs, minQuality }: ClassConfig,
  { gateways }: Config,
): Finding {
  const used = [...new Set(targets.map(({ gateway }) => gateway))];
  const repeated = used.filter((name) => {
    const { billsFaults, profile = '' } = gateways[name] ?? {};
    return !(billsFaults ?? llmProfiles.get(profile)?.faultsAreFree !== true);
  });
  const isAlone = targets.length === 1 || !fallback;
  return {
    factor: 'fallback',
    has: given([
      !isAlone && `${targets.length} targets by ${order}`,
      escalate && `the next one on ${escalate.on.join(', ')}`,
      hedgeMs !== undefined && `the next one too after ${hedgeMs} ms of silence`,
      minQuality !== undefined && `those rated below ${minQuality} come last`,
      repeated.length > 0 && `one repeat of faults at ${repeated.join(', ')}`,
    ]),
    lacks: given([
      isAlone && 'another target: an outage of this one is one of the class',
      !isAlone && used.length === 1 && `another gateway: all targets are at ${used[0]}`,
      !isAlone && escalate === undefined && 'escalate: an answer that does not fit is given as it is',
    ]),
  };
}

function governanceOf(name: string, terms: ClassConfig, config: Config): Finding {
  const { retention, residency, path, allow, redact } = terms;
  const budgets = writtenBudgets(config).filter(({ budget }) => budget.class === undefined || budget.class === name);
  const direct = terms.targets.filter(({ gateway }) => pathOf(gateway, config) === 'direct');
  const { guard } = terms as { readonly guard?: unknown };
  const rated = config.keys.filter(({ rates }) => rates !== undefined).length;
  const all = terms.targets.map(({ gateway }) => config.gateways[gateway]);
  const areKept = all.some((gateway) => gateway?.retention !== 'zdr');
  const areElsewhere = all.some((gateway) => gateway?.residency === undefined);
  return {
    factor: 'governance',
    has: given([
      retention
        ? `retention ${retention}`
        : !areKept && 'retention zdr at all of its gateways, though the class does not ask for it',
      residency
        ? `residency ${residency}`
        : !areElsewhere && 'a residency of all of its gateways, though the class does not ask for one',
      path && `${path} targets alone`,
      allow.models && `models ${allow.models.join(', ')}`,
      allow.providers && `providers ${allow.providers.join(', ')}`,
      redact && 'redact',
      guard !== undefined && 'guard',
      direct.length > 0 && `regulated text to ${direct.map(labelOf).join(', ')}`,
      budgets.length > 0 && `budgets: ${budgets.map(({ path: at }) => at).join(', ')}`,
      rated > 0 && `rates of ${rated} of ${config.keys.length} keys of the file`,
    ]),
    lacks: given([
      retention !== 'zdr' && areKept && 'retention: zdr: whoever serves may keep texts',
      residency === undefined && areElsewhere && 'a residency: texts may go anywhere',
      direct.length === 0 && 'a direct target: regulated text is refused',
      budgets.length === 0 && 'a budget that counts it',
      config.access === 'open' && 'keys: access is open, on loopback alone',
    ]),
  };
}

function costOf(name: string, terms: ClassConfig, { gateways, prices, classes }: Config): Finding {
  const known = createPrices(prices);
  const { maxUsdPerCall, maxTokens, order, difficulty, escalate } = terms;
  const { cache } = terms as { readonly cache?: unknown };
  const priced = terms.targets
    .filter(({ model }) => !isGlob(model))
    .map((target) => ({
      label: labelOf(target),
      listed: known.listed(target.priceAs ?? target.model, gateways[target.gateway]?.profile ?? ''),
    }));
  const listing = terms.targets.filter(({ model }) => isGlob(model)).map(({ gateway }) => gateway);
  const unknown = priced.filter(({ listed }) => listed === undefined).map(({ label }) => label);
  const led = Object.entries(classes).flatMap(([other, { difficulty: its }]) =>
    its?.rules.some((rule) => rule.class === name) ||
    Object.values(its?.model?.verdicts ?? {}).includes(name) ||
    its?.default === name
      ? [other]
      : [],
  );
  return {
    factor: 'cost',
    has: given([
      ...priced.map(
        ({ label, listed }) =>
          listed &&
          `${label} ${listed.price.input ?? '?'}/${listed.price.output ?? '?'} USD per million (${listed.source})`,
      ),
      listing.length > 0 && `prices of the catalogue of ${listing.join(', ')}, where it has them`,
      maxUsdPerCall !== undefined && `at most ${maxUsdPerCall} USD for a call`,
      maxTokens !== undefined && `at most ${maxTokens} tokens of an answer`,
      order === 'price' && 'the cheapest first',
      escalate && 'cheap first, strong on failure: what it saved is in the report',
      difficulty &&
        `a class by difficulty${difficulty.strongest === undefined ? '' : ': what it saved is in the report'}`,
      led.length > 0 && `it serves what difficulty of ${led.join(', ')} sends`,
      cache !== undefined && 'cache of equal calls',
    ]),
    lacks: given([
      unknown.length > 0 && `prices of ${unknown.join(', ')}`,
      maxUsdPerCall === undefined && 'a ceiling of a call (maxUsdPerCall)',
      difficulty !== undefined && difficulty.strongest === undefined && 'strongest: nothing says what difficulty saved',
    ]),
  };
}

function lockInOf({ targets }: ClassConfig, { gateways }: Config): Finding {
  const used = [...new Set(targets.map(({ gateway }) => gateway))];
  const forms = used.map((name) => {
    const { native = {} } = llmProfiles.get(gateways[name]?.profile ?? '') ?? {};
    return `${name}: ${['chat completions', ...Object.keys(native)].join(', ')}`;
  });
  const providers = new Set(
    targets.flatMap(({ gateway, model }) => {
      const { profile = '', settings = {} } = gateways[gateway] ?? {};
      return llmProfiles.get(profile)?.provider?.(model, settings) ?? [];
    }),
  );
  const routers = used.filter((name) => llmProfiles.get(gateways[name]?.profile ?? '')?.provider === undefined);
  const isAlone = providers.size + routers.length < 2;
  return {
    factor: 'lock-in',
    has: given([
      `${used.length} ${used.length === 1 ? 'gateway' : 'gateways'}`,
      providers.size > 0 && `providers that are certain: ${[...providers].join(', ')}`,
      routers.length > 0 && `whoever serves behind ${routers.join(', ')}`,
      `forms without translation at ${forms.join(', at ')}`,
    ]),
    lacks: given([
      isAlone && routers.length === 0 && 'a second provider: one request has one place to go',
      used.length === 1 && 'a second gateway: leaving it is a change of this class',
    ]),
  };
}

function pathOf(name: string, { gateways }: Config): string | undefined {
  const gateway = gateways[name];
  const profile = llmProfiles.get(gateway?.profile ?? '');
  return gateway && profile && callPathOf({ gateway, profile });
}

/** Each part of: model choice, prompt class, cost and output quality, logged in both paths. */
function evidenceOf({ classes, routes, keys, tasks, telemetry, providers, rehearsal }: Config): string[][] {
  const sampled = Object.entries(classes).flatMap(([name, terms]) =>
    (terms as { readonly quality?: unknown }).quality === undefined ? [] : [name],
  );
  const scored = tasks.filter(({ kind }) => kind === 'quality');
  const isClassed = Object.values(routes).some((route) => route.class) || keys.some((key) => key.class);
  const served = Object.keys(providers);
  const rehearsed = rehearsal === false ? [] : rehearsal.providers;
  const traced =
    telemetry &&
    `spans to ${new URL(telemetry.otlp).host}${telemetry.sample < 1 ? `, ${telemetry.sample} of the traces` : ''}`;
  const own =
    scored.length > 0 ? `scored by ${scored.length} quality tasks, and by POST /v1/feedback` : 'POST /v1/feedback';
  return [
    [
      'model choice',
      served.length + rehearsed.length > 0
        ? `ledger: target, served (${[...served, ...rehearsed.map((name) => `${name} rehearsed`)].join(', ')})`
        : '–',
      'ledger: target, asked, tried, served, why, refused, difficulty',
      served.length === 0 ? 'a provider' : '–',
    ],
    [
      'prompt class',
      isClassed ? 'ledger: class, by key or path' : 'ledger: class, as the client says',
      'ledger: class',
      isClassed || served.length === 0 ? '–' : 'a class of the sessions (keys[].class or routes)',
    ],
    ['cost', 'ledger: cost, source, flags', 'ledger: cost, source, flags, saved', '–'],
    [
      'output quality',
      own,
      sampled.length > 0 ? `samples of ${sampled.join(', ')} are scored; POST /v1/feedback` : own,
      scored.length + sampled.length === 0 ? 'scores of its own (a quality task, or quality of a class)' : '–',
    ],
    ['traces', traced ?? '–', traced ?? '–', telemetry === undefined ? 'telemetry' : '–'],
  ];
}
