// Runs calls on the targets of their class: policy chooses, and each target that is asked is an attempt of its own, with its own price,
// reservation and ledger row. Rule: once bytes have gone to a client, no other target is asked.

import type { Logger } from 'pino';
import type { SideConfig } from '../../config/side-schema.ts';
import type { Prices } from '../billing/prices.ts';
import { createSettler } from '../billing/settlement.ts';
import type { Store } from '../store/store.ts';
import { type Attempt, type AttemptTools, attempt } from './attempt.ts';
import type { Answered, Call, Router, StreamSink, Unanswered } from './call.ts';
import { openScope } from './deadline.ts';
import { type Failure, failure, mostTelling } from './failure.ts';
import { hedged } from './hedging.ts';
import { choose, isNamed } from './policy.ts';
import type { BreakerOptions } from './resilience.ts';
import { createLanes, type Lane, type Plan } from './targets.ts';

export interface RouterOptions {
  readonly config: Pick<SideConfig, 'gateways' | 'classes' | 'budgets' | 'hasRehearsalGateway' | 'side'>;
  readonly store: Pick<Store, 'reserve' | 'settle' | 'settleAll'>;
  readonly prices: Prices;
  /** Where the rehearsal process listens now, as http: or ws: URL; undefined while it does not. */
  readonly rehearsalUrl: () => string | undefined;
  readonly log: Logger;
  readonly breaker?: BreakerOptions;
  /** TCP and TLS to an LLM gateway. */
  readonly connectMs?: number;
  /** How long closing waits for what has to be written. */
  readonly closeMs?: number;
}

export function createRouter(options: RouterOptions): Router {
  const { config, store, prices, log, closeMs = 5000 } = options;
  const { plans, close: closeLanes } = createLanes(options);
  const settler = createSettler(store, log);
  const { maxReplyBytes } = config.side;
  const tools: AttemptTools = { store, prices, budgets: config.budgets, settler, maxReplyBytes, log };

  async function run(call: Call, sink?: StreamSink): Promise<Answered | Unanswered> {
    const plan = plans.get(call.promptClass);
    if (!plan)
      return failure('unknown_class', `expected one of the classes ${[...plans.keys()].join(', ') || '(none)'}`);
    const lanes = lanesFor(plan, call);
    if ('kind' in lanes) return lanes;
    const scope = openScope(call, plan.config.deadlineMs);
    try {
      return await askInTurn(tools, { call, plan, sink, lanes, signal: scope.signal });
    } finally {
      scope.close();
    }
  }
  return {
    run,
    classes: [...plans.keys()],
    async close() {
      await settler.close(closeMs);
      await closeLanes();
    },
  };
}

/** The targets that may serve, in order; never none. */
function lanesFor(plan: Plan, call: Call): readonly Lane[] | Failure {
  const isRehearsalsOwn = call.isRehearsal || call.kind === 'chat';
  const possible = plan.lanes.filter(({ isRehearsal }) => !isRehearsal || isRehearsalsOwn);
  if (possible.length === 0)
    return failure(
      'no_gateway',
      'the rehearsal answers rehearsal sessions only; expected gateways and classes in the configuration',
    );
  const named = isAnyModel(plan, call.model) ? undefined : call.model;
  if (named !== undefined && !possible.some((lane) => isNamed(lane, named)))
    return failure('policy_refused', `the class ${plan.name} has no target with the model that was asked for`);
  const { allowed, refused } = choose(possible, { dataClass: call.dataClass, model: named });
  if (allowed.length === 0 || (named !== undefined && !allowed.some((lane) => isNamed(lane, named))))
    return failure('policy_refused', `no target of the class ${plan.name} may serve this: ${refused.join('; ')}`);
  return plan.config.fallback ? allowed : allowed.slice(0, 1);
}

/** Clients must name a model; `*` or the name of the class leaves it to the class, and the rehearsal takes any. */
const isAnyModel = ({ name, lanes }: Plan, model: string | undefined): boolean =>
  model === undefined || model === '*' || model === name || lanes.every(({ isRehearsal }) => isRehearsal);

interface Turn {
  readonly call: Call;
  readonly plan: Plan;
  readonly sink: StreamSink | undefined;
  readonly lanes: readonly Lane[];
  readonly signal: AbortSignal;
}

async function askInTurn(
  tools: AttemptTools,
  { call, plan, sink, lanes, signal }: Turn,
): Promise<Answered | Unanswered> {
  const { hedgeMs } = plan.config;
  const asked = call.model !== undefined && !isAnyModel(plan, call.model) ? call.model : (lanes[0] as Lane).model;
  const failures: Failure[] = [];
  const tried: string[] = [];
  const ask = (lane: Lane, its: Pick<Attempt, 'signal'>) =>
    attempt(tools, { call, plan, lane, sink, asked, tried: [...tried], ...its });

  for (let at = 0; at < lanes.length; at++) {
    const [lane, next] = [lanes[at] as Lane, lanes[at + 1]];
    const results =
      hedgeMs !== undefined && next !== undefined && !call.llm.isStreamed
        ? await hedged({ first: (its) => ask(lane, its), second: (its) => ask(next, its), hedgeMs, signal })
        : [await ask(lane, { signal })];
    for (const [index, result] of results.entries()) {
      if (result.kind === 'answered') return result;
      failures.push(result);
      tried.push((lanes[at + index] as Lane).label);
    }
    if (failures.some(({ isFinal }) => isFinal)) break;
    at += results.length - 1;
  }
  return mostTelling(failures);
}
