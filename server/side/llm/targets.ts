// The targets of the classes, ready to be asked: policy, terms, guard and connections, all made once when the side process starts.

import type { Agent } from 'undici';
import type { LlmProfile, LlmTarget } from '../../../adapters/llm/contract.ts';
import { llmProfiles } from '../../../adapters/llm/index.ts';
import { REHEARSAL_NAME, rehearsalClass } from '../../config/rehearsal.ts';
import { type ClassConfig, gatewaySchema, type LlmGatewayConfig, type SideConfig } from '../../config/side-schema.ts';
import type { CallPath } from '../../ipc/records.ts';
import { publicAgent } from '../../platform/outbound-agent.ts';
import type { Prices } from '../billing/prices.ts';
import { type Candidate, objection, pathOf, termsOf } from './policy.ts';
import { type BreakerOptions, createBulkhead, createGate, createGuard, type Gate, type Guard } from './resilience.ts';

/** One target of one class. */
export interface Lane {
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

export interface Plan {
  readonly name: string;
  readonly config: ClassConfig;
  readonly lanes: readonly Lane[];
}

export interface LanesOptions {
  readonly config: Pick<SideConfig, 'gateways' | 'classes' | 'hasRehearsalGateway'>;
  readonly prices: Prices;
  readonly rehearsalUrl: () => string | undefined;
  readonly breaker?: BreakerOptions | undefined;
  readonly connectMs?: number | undefined;
}

export interface Lanes {
  readonly plans: ReadonlyMap<string, Plan>;
  close(): Promise<void>;
}

/** It stands for a router, and its ledger rows say so. */
const rehearsalGateway: LlmGatewayConfig = gatewaySchema.parse({ profile: 'openai-compatible', allowPrivate: true });

export function createLanes(options: LanesOptions): Lanes {
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
  const gates = new Map<string, Gate>();
  const gateOf = (label: string): Gate => {
    const gate = gates.get(label) ?? createGate(options.breaker);
    gates.set(label, gate);
    return gate;
  };

  function laneOf(
    terms: ClassConfig,
    { gateway: gatewayName, model, timeoutMs }: ClassConfig['targets'][number],
  ): Lane {
    const way = ways.get(gatewayName);
    const profile = way && llmProfiles.get(way.gateway.profile);
    if (!way || !profile) throw new Error(`no LLM gateway ${gatewayName}`);
    const candidate: Candidate = { gateway: way.gateway, profile, model };
    const label = `${gatewayName}/${model}`;
    return {
      gatewayName,
      model,
      label,
      path: pathOf(candidate),
      isRehearsal: gatewayName === REHEARSAL_NAME,
      objection: objection(candidate, terms),
      profile,
      provider: profile.provider?.(model, way.gateway.settings),
      terms:
        gatewayName === REHEARSAL_NAME
          ? rehearsalTerms(candidate, terms, options.rehearsalUrl)
          : fixedTerms(candidate, terms),
      guard: createGuard({ gate: gateOf(label), places: way.places, timeoutMs: timeoutMs ?? terms.timeoutMs }),
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
        { name, config: terms, lanes: terms.targets.map((target) => laneOf(terms, target)) },
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
