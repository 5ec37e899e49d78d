// The targets of the classes, ready to be asked: policy, terms, guard and connections. All are made once, when the side process starts.

import { type BulkheadPolicy, bulkhead } from 'cockatiel';
import type { Agent } from 'undici';
import type { LlmProfile, LlmTarget } from '../../../adapters/llm/contract.ts';
import { llmProfiles } from '../../../adapters/llm/index.ts';
import { REHEARSAL_NAME, rehearsalClass } from '../../config/rehearsal/rehearsal.ts';
import { type ClassConfig, gatewaySchema, type LlmGatewayConfig, type SideConfig } from '../../config/side-schema.ts';
import { publicAgent } from '../../platform/outbound-agent.ts';
import type { Prices } from '../billing/prices.ts';
import { type BreakerOptions, Circuit } from './guard/circuit.ts';
import { createGuard, type Guard } from './guard/resilience.ts';
import { type Candidate, type Choosable, callPathOf, targetObjection, termsOf } from './policy.ts';

/** One target of one class. */
export interface Target extends Required<Choosable> {
  /** The model whose price it has. */
  readonly pricedAs: string;
  /** `<gateway>/<model>` */
  readonly label: string;
  readonly profile: LlmProfile;
  /** The provider that serves, where that is certain. */
  readonly provider: string | undefined;
  /** Gives the terms that its profile is told with each request; undefined while the rehearsal does not run. */
  terms(): LlmTarget | undefined;
  /** The endpoint bills a stream to its end when nobody listens any more. */
  readonly billsAbandoned: boolean;
  readonly guard: Guard;
  readonly agent: Agent;
}

export interface ClassPlan {
  readonly name: string;
  readonly config: ClassConfig;
  readonly targets: readonly Target[];
}

export interface ClassPlansOptions {
  readonly config: Pick<SideConfig, 'gateways' | 'classes' | 'hasRehearsalGateway' | 'proxy'>;
  readonly prices: Prices;
  /** Gives the http: or ws: URL of the rehearsal process; undefined while it does not run. */
  readonly rehearsalUrl: () => string | undefined;
  readonly breaker?: BreakerOptions | undefined;
  /** Limit for TCP and TLS to an LLM gateway together. */
  readonly connectMs?: number | undefined;
  readonly metrics?: RouterMetrics | undefined;
}

/** Told of each new connection to an LLM gateway. */
interface RouterMetrics {
  connected(gateway: string, tookMs: number): void;
}

/** One configured LLM gateway and what its targets share. */
interface Gateway {
  readonly config: LlmGatewayConfig;
  readonly profile: LlmProfile;
  readonly agent: Agent;
  readonly bulkhead: BulkheadPolicy;
}

/** The rehearsal stands in for a router, and its ledger rows say so. */
const rehearsalGateway: LlmGatewayConfig = gatewaySchema.parse({ profile: 'openai-compatible', allowPrivate: true });

/** The plans by the name of their class. `close` ends all connections. */
export function createClassPlans(options: ClassPlansOptions) {
  const { config, breaker } = options;
  const classes: SideConfig['classes'] = config.hasRehearsalGateway
    ? { ...config.classes, [REHEARSAL_NAME]: rehearsalClass }
    : config.classes;
  const gateways = connectGateways(options);
  const circuits = new Map<string, Circuit>();
  const targetOf = (
    terms: ClassConfig,
    { gateway: gatewayName, model, timeoutMs, priceAs: pricedAs = model }: ClassConfig['targets'][number],
  ) => {
    const gateway = gateways.get(gatewayName);
    if (gateway === undefined) throw new Error(`no LLM gateway ${gatewayName}`);
    const label = `${gatewayName}/${model}`;
    const circuit = circuits.get(label) ?? new Circuit(breaker);
    circuits.set(label, circuit);
    return createTarget({ gatewayName, model, pricedAs, timeoutMs, gateway, circuit, terms }, options);
  };
  const plans: ReadonlyMap<string, ClassPlan> = new Map(
    Object.entries(classes).map(([name, terms]) => [
      name,
      { name, config: terms, targets: terms.targets.map((target) => targetOf(terms, target)) },
    ]),
  );
  return {
    plans,
    async close(): Promise<void> {
      await Promise.all([...gateways.values()].map(({ agent }) => agent.destroy()));
    },
  };
}

function connectGateways({ config, connectMs = 5000, metrics }: ClassPlansOptions): ReadonlyMap<string, Gateway> {
  const rehearsed = config.hasRehearsalGateway ? { [REHEARSAL_NAME]: rehearsalGateway } : {};
  const gateways = new Map<string, Gateway>();
  for (const [name, gateway] of Object.entries({ ...config.gateways, ...rehearsed })) {
    const { allowPrivate, concurrency, queue } = gateway;
    const profile = llmProfiles.get(gateway.profile);
    if (profile === undefined) throw new Error(`no profile ${gateway.profile}`);
    // The rehearsal is hosted here, so no proxy leads to it.
    const proxy = gateway === rehearsalGateway ? undefined : config.proxy;
    const onConnected = (tookMs: number) => metrics?.connected(name, tookMs);
    const agent = publicAgent({ allowPrivate, connectMs, connections: concurrency, proxy, onConnected });
    gateways.set(name, { config: gateway, profile, agent, bulkhead: bulkhead(concurrency, queue) });
  }
  return gateways;
}

interface TargetParts {
  readonly gatewayName: string;
  readonly model: string;
  readonly pricedAs: string;
  readonly timeoutMs?: number | undefined;
  readonly gateway: Gateway;
  readonly circuit: Circuit;
  readonly terms: ClassConfig;
}

function createTarget(
  { gatewayName, model, pricedAs, timeoutMs, gateway, circuit, terms }: TargetParts,
  { prices, rehearsalUrl }: ClassPlansOptions,
): Target {
  const { config, profile, agent } = gateway;
  const candidate: Candidate = { gateway: config, profile, model };
  const isRehearsal = config === rehearsalGateway;
  const fixed = termsOf({ candidate, terms, maxPrice: prices.configured(pricedAs, profile.name) });
  return {
    gatewayName,
    model,
    pricedAs,
    label: `${gatewayName}/${model}`,
    path: callPathOf(candidate),
    isRehearsal,
    objection: targetObjection(candidate, terms),
    profile,
    provider: profile.provider?.(model, config.settings),
    terms: isRehearsal ? rehearsalTerms(candidate, terms, rehearsalUrl) : () => fixed,
    billsAbandoned: config.billsAbandoned,
    guard: createGuard({ circuit, bulkhead: gateway.bulkhead, timeoutMs: timeoutMs ?? terms.timeoutMs }),
    agent,
  };
}

/** Its port changes when the rehearsal process starts anew. */
function rehearsalTerms(candidate: Candidate, terms: ClassConfig, urlNow: () => string | undefined) {
  let last: { readonly url: string; readonly terms: LlmTarget } | undefined;
  return () => {
    const url = urlNow();
    if (url === undefined) return undefined;
    if (last?.url !== url) {
      const base = url.replace(/^ws/, 'http').replace(/\/+$/, '');
      last = { url, terms: termsOf({ candidate, terms, baseUrl: base.endsWith('/v1') ? base : `${base}/v1` }) };
    }
    return last.terms;
  };
}
