// The targets of the classes, ready to be asked: policy, terms, guard and connections, all made once when the side process starts.

import type { Agent } from 'undici';
import type { LlmProfile, LlmTarget } from '../../../adapters/llm/contract.ts';
import { llmProfiles } from '../../../adapters/llm/index.ts';
import { REHEARSAL_NAME, rehearsalClass } from '../../config/rehearsal.ts';
import { type ClassConfig, gatewaySchema, type LlmGatewayConfig, type SideConfig } from '../../config/side-schema.ts';
import type { CallPath } from '../../ipc/records.ts';
import { publicAgent } from '../../platform/outbound-agent.ts';
import type { Prices } from '../billing/prices.ts';
import { type Candidate, callPathOf, objection, termsOf } from './policy.ts';
import {
  type BreakerOptions,
  type Circuit,
  createBulkhead,
  createCircuit,
  createGuard,
  type Guard,
} from './resilience.ts';

/** One target of one class. */
export interface Target {
  readonly gatewayName: string;
  readonly model: string;
  /** `<gateway>/<model>` */
  readonly label: string;
  readonly path: CallPath;
  readonly isRehearsal: boolean;
  readonly objection: string | undefined;
  readonly profile: LlmProfile;
  /** Who serves, where that is certain. */
  readonly provider: string | undefined;
  /** undefined while the rehearsal is not there. */
  terms(): LlmTarget | undefined;
  readonly guard: Guard;
  readonly agent: Agent;
}

export interface ClassPlan {
  readonly name: string;
  readonly config: ClassConfig;
  readonly targets: readonly Target[];
}

export interface ClassPlansOptions {
  readonly config: Pick<SideConfig, 'gateways' | 'classes' | 'hasRehearsalGateway'>;
  readonly prices: Prices;
  readonly rehearsalUrl: () => string | undefined;
  readonly breaker?: BreakerOptions | undefined;
  readonly connectMs?: number | undefined;
}

export interface ClassPlans {
  readonly plans: ReadonlyMap<string, ClassPlan>;
  close(): Promise<void>;
}

/** It stands for a router, and its ledger rows say so. */
const rehearsalGateway: LlmGatewayConfig = gatewaySchema.parse({ profile: 'openai-compatible', allowPrivate: true });

export function createClassPlans(options: ClassPlansOptions): ClassPlans {
  const { config, connectMs = 5000 } = options;
  const gateways = config.hasRehearsalGateway
    ? { ...config.gateways, [REHEARSAL_NAME]: rehearsalGateway }
    : config.gateways;
  const classes = config.hasRehearsalGateway ? { ...config.classes, [REHEARSAL_NAME]: rehearsalClass } : config.classes;
  const ways = new Map(
    Object.entries(gateways).map(([name, gateway]) => [
      name,
      {
        gateway,
        agent: publicAgent({ allowPrivate: gateway.allowPrivate, connectMs, connections: gateway.concurrency }),
        places: createBulkhead(gateway),
      },
    ]),
  );
  const gates = new Map<string, Circuit>();
  const gateOf = (label: string): Circuit => {
    const gate = gates.get(label) ?? createCircuit(options.breaker);
    gates.set(label, gate);
    return gate;
  };

  function targetOf(
    terms: ClassConfig,
    { gateway: gatewayName, model, timeoutMs }: ClassConfig['targets'][number],
  ): Target {
    const way = ways.get(gatewayName);
    const profile = way && llmProfiles.get(way.gateway.profile);
    if (!way || !profile) throw new Error(`no LLM gateway ${gatewayName}`);
    const candidate: Candidate = { gateway: way.gateway, profile, model };
    const label = `${gatewayName}/${model}`;
    return {
      gatewayName,
      model,
      label,
      path: callPathOf(candidate),
      isRehearsal: gatewayName === REHEARSAL_NAME,
      objection: objection(candidate, terms),
      profile,
      provider: profile.provider?.(model, way.gateway.settings),
      terms:
        gatewayName === REHEARSAL_NAME
          ? rehearsalTerms(candidate, terms, options.rehearsalUrl)
          : fixedTerms(candidate, terms),
      guard: createGuard({ circuit: gateOf(label), bulkhead: way.places, timeoutMs: timeoutMs ?? terms.timeoutMs }),
      agent: way.agent,
    };
  }
  const fixedTerms = (candidate: Candidate, terms: ClassConfig) => {
    const maxPrice = options.prices.configured(candidate.model, candidate.profile.name);
    const fixed = termsOf({ candidate, terms, maxPrice });
    return () => fixed;
  };
  return {
    plans: new Map(
      Object.entries(classes).map(([name, terms]) => [
        name,
        { name, config: terms, targets: terms.targets.map((target) => targetOf(terms, target)) },
      ]),
    ),
    async close() {
      await Promise.all([...ways.values()].map(({ agent }) => agent.destroy()));
    },
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
