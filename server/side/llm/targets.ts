// The targets of the classes, ready to be asked: policy, terms, guard and connections. They are made anew for each configuration.
// Rule: a call keeps those that it began with.

import { isDeepStrictEqual } from 'node:util';
import { type BulkheadPolicy, bulkhead } from 'cockatiel';
import type { Agent } from 'undici';
import type { LlmProfile, LlmTarget } from '../../../adapters/llm/contract.ts';
import { llmProfiles } from '../../../adapters/llm/index.ts';
import { isGlob, matchesGlob } from '../../../codecs/text/glob.ts';
import { REHEARSAL_NAME } from '../../config/file/words.ts';
import { rehearsalClass } from '../../config/rehearsal/rehearsal.ts';
import {
  type AliasConfig,
  type ClassConfig,
  gatewaySchema,
  type LlmGatewayConfig,
} from '../../config/side/llm-schema.ts';
import type { SideConfig } from '../../config/side-schema.ts';
import { publicAgent } from '../../platform/outbound/outbound-agent.ts';
import type { Prices } from '../billing/prices.ts';
import type { Catalogues } from './catalogue/known.ts';
import { Recent } from './catalogue/recent.ts';
import { type Candidate, type Choosable, callPathOf, rehearsalTerms, targetObjection, termsOf } from './policy.ts';
import { type BreakerOptions, Circuit } from './send/circuit.ts';
import { createGuard, type Guard } from './send/resilience.ts';

/** One target of one class. */
export interface Target extends Required<Choosable> {
  /** The model whose price it has. */
  readonly pricedAs: string;
  /** Those of the catalogue of its LLM gateway included. */
  readonly prices: Prices;
  /** Most tokens of a prompt, as the catalogue says now; undefined: not known. */
  contextTokens(): number | undefined;
  /** `<gateway>/<model>` */
  readonly label: string;
  readonly profile: LlmProfile;
  /** The provider that serves, where that is certain. */
  readonly provider: string | undefined;
  /** Gives the terms that its profile is told with each request; undefined while the rehearsal does not run. */
  terms(): LlmTarget | undefined;
  /** The endpoint bills a stream to its end when nobody listens any more. */
  readonly billsAbandoned: boolean;
  /** A fault before its answer may be billed. */
  readonly billsFaults: boolean;
  readonly guard: Guard;
  readonly agent: Agent;
}

export interface ClassPlan {
  readonly name: string;
  readonly config: ClassConfig;
  /** The targets whose model is named. */
  readonly targets: readonly Target[];
  /** Some of its targets are patterns. */
  readonly hasPatterns: boolean;
  /** The alias of this name. undefined: there is none, or the class has none of its targets. */
  alias(name: string): { readonly config: AliasConfig; readonly targets: readonly Target[] } | undefined;
  /** All targets that may be asked where a client names this model, those of patterns included. */
  candidates(model: string | undefined): readonly Target[];
}

export interface ClassPlansOptions {
  readonly config: Pick<SideConfig, 'gateways' | 'classes' | 'aliases' | 'hasRehearsalGateway' | 'proxy'>;
  readonly prices: Prices;
  /** Gives the http: or ws: URL of the rehearsal process; undefined while it does not run. */
  readonly rehearsalUrl: () => string | undefined;
  /** undefined: patterns stand for no model. */
  readonly catalogues?: Catalogues | undefined;
  readonly breaker?: BreakerOptions | undefined;
  /** Limit for TCP and TLS to an LLM gateway together. */
  readonly connectMs?: number | undefined;
  readonly metrics?: RouterMetrics | undefined;
}

/** Told of each new connection to an LLM gateway, and of the targets that there are from now on. */
interface RouterMetrics {
  connected(gateway: string, tookMs: number): void;
  /** `targets` gives those that there are at the time. */
  watch(targets: () => readonly WatchedTarget[]): void;
}

/** A target as the metrics see it. */
export type WatchedTarget = Pick<Target, 'gatewayName' | 'model' | 'guard'>;

/** One configured LLM gateway and what its targets share. */
interface Gateway {
  readonly config: LlmGatewayConfig;
  readonly profile: LlmProfile;
  readonly agent: Agent;
  readonly bulkhead: BulkheadPolicy;
  /** By model. */
  readonly circuits: Map<string, Circuit>;
  /** Those of models that no target names. */
  readonly drawn: Recent<Circuit>;
}

/** Targets that are made on demand: of one class, and the circuits of one LLM gateway. */
const MAX_DRAWN = 200;
const MAX_DRAWN_CIRCUITS = 1000;

/** The rehearsal stands in for a router, and its ledger rows say so. */
const rehearsalGateway: LlmGatewayConfig = gatewaySchema.parse({ profile: 'openai-compatible', allowPrivate: true });

type PlansConfig = ClassPlansOptions['config'];

/** Makes the plans of the classes, and holds what outlives a change of the configuration: circuits, queues, connections. */
export class ClassPlans {
  readonly #options: Omit<ClassPlansOptions, 'config' | 'prices'>;
  #gateways: ReadonlyMap<string, Gateway> = new Map();
  #proxy: PlansConfig['proxy'];
  /** Agents that have calls, those of former configurations included. */
  readonly #agents = new Set<Agent>();

  constructor(options: Omit<ClassPlansOptions, 'config' | 'prices'>) {
    this.#options = options;
  }

  /**
   * Returns the plans of a configuration by the name of their class. LLM gateways whose settings did not change since the last time go on as they were.
   * `unused`: settles when nothing runs any more by the plans of the last time, so that connections of theirs which are of no use now can go.
   */
  make(config: PlansConfig, prices: Prices, unused: Promise<unknown>): ReadonlyMap<string, ClassPlan> {
    const former = new Set(this.#agents);
    this.#gateways = this.#connect(config);
    this.#proxy = config.proxy;
    for (const { agent } of this.#gateways.values()) former.delete(agent);
    void unused.then(() => {
      for (const agent of former) void this.#drop(agent);
    });
    const classes: SideConfig['classes'] = config.hasRehearsalGateway
      ? { ...config.classes, [REHEARSAL_NAME]: rehearsalClass }
      : config.classes;
    const drawn = new Map<string, Recent<Target>>();
    const plan = ([name, terms]: [string, ClassConfig]): [string, ClassPlan] => {
      const recent = new Recent<Target>(MAX_DRAWN);
      drawn.set(name, recent);
      return [name, this.#plan(name, { terms, prices, aliases: config.aliases }, recent)];
    };
    const plans = new Map(Object.entries(classes).map(plan));
    const targets = [...plans.values()].flatMap((one) => one.targets);
    this.#options.metrics?.watch(() => [...targets, ...[...drawn.values()].flatMap((recent) => [...recent.values()])]);
    return plans;
  }

  #plan(
    name: string,
    { aliases, ...more }: TargetTerms & Pick<PlansConfig, 'aliases'>,
    recent: Recent<Target>,
  ): ClassPlan {
    const { terms } = more;
    const made = terms.targets.map((target) => (isGlob(target.model) ? target : this.#target(target, more)));
    const targets = made.filter((target) => 'guard' in target);
    const draw = (pattern: ConfiguredTarget, asked: string): readonly Target[] => {
      const model = this.#modelOf(pattern, asked);
      if (model === undefined || targets.some((one) => one.gatewayName === pattern.gateway && one.model === model))
        return [];
      return [recent.get(`${pattern.gateway}/${model}`, () => this.#target({ ...pattern, model }, more, true))];
    };
    const hasPatterns = targets.length < made.length;
    return {
      ...{ name, config: terms, targets, hasPatterns },
      alias(asked) {
        const config = Object.hasOwn(aliases, asked) ? aliases[asked] : undefined;
        const found = (config?.targets ?? []).flatMap(({ gateway, model }) => {
          const own = targets.find((target) => target.gatewayName === gateway && target.model === model);
          const patterns = terms.targets.filter((target) => isGlob(target.model) && target.gateway === gateway);
          const opened = own === undefined ? patterns.flatMap((pattern) => draw(pattern, model)) : [own];
          return opened.filter((target) => target.model === model).slice(0, 1);
        });
        return config === undefined || found.length === 0 ? undefined : { config, targets: found };
      },
      candidates: (asked) =>
        asked === undefined || !hasPatterns
          ? targets
          : made.flatMap((target) => ('guard' in target ? [target] : draw(target, asked))),
    };
  }

  /** The model of a pattern that a name means: its own, or `<gateway>/<model>`. It is in the catalogue now. */
  #modelOf({ gateway, model: pattern }: ConfiguredTarget, asked: string): string | undefined {
    const models = this.#options.catalogues?.of(gateway)?.models;
    const bare = asked.startsWith(`${gateway}/`) ? asked.slice(gateway.length + 1) : undefined;
    return [asked, bare].find((name) => name !== undefined && models?.has(name) && matchesGlob(pattern, name));
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#agents].map((agent) => this.#drop(agent)));
  }

  #target(target: ConfiguredTarget, more: TargetTerms, isDrawn = false): Target {
    const { gateway: gatewayName, model, timeoutMs, priceAs: pricedAs = model } = target;
    const gateway = this.#gateways.get(gatewayName);
    if (gateway === undefined) throw new Error(`no LLM gateway ${gatewayName}`);
    const circuit = this.#circuit(gateway, model, isDrawn);
    const prices = this.#pricesOf(gatewayName, more.prices);
    const parts = { gatewayName, model, pricedAs, timeoutMs, gateway, circuit, terms: more.terms, prices };
    return createTarget(parts, this.#options);
  }

  #pricesOf(gateway: string, prices: Prices): Prices {
    const { catalogues } = this.#options;
    return catalogues === undefined ? prices : prices.with((model) => catalogues.of(gateway)?.models.get(model)?.price);
  }

  #circuit({ circuits, drawn }: Gateway, model: string, isDrawn: boolean): Circuit {
    const make = () => circuits.get(model) ?? new Circuit(this.#options.breaker);
    if (isDrawn) return drawn.get(model, make);
    const circuit = make();
    circuits.set(model, circuit);
    return circuit;
  }

  #connect(config: PlansConfig): ReadonlyMap<string, Gateway> {
    const rehearsed = config.hasRehearsalGateway ? { [REHEARSAL_NAME]: rehearsalGateway } : {};
    const all = Object.entries({ ...config.gateways, ...rehearsed });
    return new Map(all.map(([name, gateway]) => [name, this.#gateway(name, gateway, config)]));
  }

  #gateway(name: string, config: LlmGatewayConfig, { proxy }: PlansConfig): Gateway {
    const { concurrency, queue } = config;
    const profile = llmProfiles.get(config.profile);
    if (profile === undefined) throw new Error(`no profile ${config.profile}`);
    const former = this.#gateways.get(name);
    const isSame = (...settings: (keyof LlmGatewayConfig)[]): boolean =>
      settings.every((setting) => former?.config[setting] === config[setting]);
    const isSameProxy = isDeepStrictEqual(proxy, this.#proxy);
    const kept = isDeepStrictEqual(former?.config, config) ? former : undefined;
    return {
      config,
      profile,
      agent:
        (isSame('allowPrivate', 'concurrency') && isSameProxy && former?.agent) || this.#agent(name, config, proxy),
      bulkhead: (isSame('concurrency', 'queue') && former?.bulkhead) || bulkhead(concurrency, queue),
      circuits: kept?.circuits ?? new Map(),
      drawn: kept?.drawn ?? new Recent(MAX_DRAWN_CIRCUITS),
    };
  }

  #agent(name: string, config: LlmGatewayConfig, settings: PlansConfig['proxy']): Agent {
    const { connectMs = 5000, metrics } = this.#options;
    const { allowPrivate, concurrency: connections } = config;
    // The rehearsal is hosted here, so no proxy leads to it.
    const proxy = config === rehearsalGateway ? undefined : settings;
    const onConnected = (tookMs: number) => metrics?.connected(name, tookMs);
    const agent = publicAgent({ allowPrivate, connectMs, connections, proxy, onConnected });
    this.#agents.add(agent);
    return agent;
  }

  async #drop(agent: Agent): Promise<void> {
    this.#agents.delete(agent);
    await agent.destroy();
  }
}

type ConfiguredTarget = ClassConfig['targets'][number];

interface TargetTerms {
  readonly terms: ClassConfig;
  readonly prices: Prices;
}

interface TargetParts extends TargetTerms {
  readonly gatewayName: string;
  readonly model: string;
  readonly pricedAs: string;
  readonly timeoutMs?: number | undefined;
  readonly gateway: Gateway;
  readonly circuit: Circuit;
}

function createTarget(
  { gatewayName, model, pricedAs, timeoutMs, gateway, circuit, terms, prices }: TargetParts,
  { rehearsalUrl, catalogues }: Pick<ClassPlansOptions, 'rehearsalUrl' | 'catalogues'>,
): Target {
  const { config, profile, agent } = gateway;
  const candidate: Candidate = { gateway: config, profile, model };
  const isRehearsal = config === rehearsalGateway;
  const fixed = termsOf({ candidate, terms, maxPrice: prices.configured(pricedAs, profile.name) });
  return {
    gatewayName,
    model,
    pricedAs,
    prices,
    contextTokens: () => catalogues?.of(gatewayName)?.models.get(model)?.contextTokens,
    label: `${gatewayName}/${model}`,
    path: callPathOf(candidate),
    isRehearsal,
    objection: targetObjection(candidate, terms),
    profile,
    provider: profile.provider?.(model, config.settings),
    terms: isRehearsal ? rehearsalTerms(candidate, terms, rehearsalUrl) : () => fixed,
    billsAbandoned: config.billsAbandoned,
    billsFaults: config.billsFaults ?? profile.faultsAreFree !== true,
    guard: createGuard({ circuit, bulkhead: gateway.bulkhead, timeoutMs: timeoutMs ?? terms.timeoutMs }),
    agent,
  };
}
