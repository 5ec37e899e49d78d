// Runs calls on the targets of their class: policy chooses, and each target that is asked is an attempt with a price, a reservation and a
// ledger row of its own. Rule: once bytes have gone to a client, no other target is asked.

import type { Logger } from 'pino';
import type { SideConfig } from '../../config/side-schema.ts';
import type { LedgerRow } from '../../ipc/stored-rows.ts';
import { withDeadline } from '../../platform/deadline.ts';
import { Leases } from '../billing/budgets/leases.ts';
import type { OwnBudgets } from '../billing/budgets/own-budgets.ts';
import { Reservations } from '../billing/budgets/reservations.ts';
import { type Journal, openJournal } from '../billing/journal.ts';
import type { Prices } from '../billing/prices.ts';
import { SettlementWriter } from '../billing/settlement.ts';
import type { BudgetLeases } from '../store/contract/budgets.ts';
import type { Store } from '../store/contract/store.ts';
import { betterOf, judgeOf } from './answer/verdict.ts';
import { runAttempt } from './attempt/attempt.ts';
import type { Attempt, AttemptContext } from './attempt/contract.ts';
import { type CallDeadline, startDeadline } from './attempt/deadline.ts';
import { hedged } from './attempt/hedging.ts';
import { whyChosen } from './attempt/reason.ts';
import { isAskedAgain } from './attempt/repeat.ts';
import type { Answered, Call, Router } from './call.ts';
import { type ChosenTargets, isAnyModel, targetsFor } from './call-targets.ts';
import { type Failure, failure, failureToReport } from './failure.ts';
import { Latencies } from './order/latency.ts';
import { Qualities } from './order/quality.ts';
import { strongFor } from './order/saved.ts';
import { ClassPlans, type ClassPlansOptions, type Target } from './targets.ts';

type RouterConfig = ClassPlansOptions['config'] & Pick<SideConfig, 'budgets' | 'side'>;

export interface RouterOptions extends Omit<ClassPlansOptions, 'config'> {
  /** One that does not change. */
  readonly config: RouterConfig;
  /** Without `report` no target is rated, which classes with `minQuality` go by. */
  readonly store: Pick<Store, 'reserve' | 'settle' | 'extendReservations'> & Partial<Pick<Store, 'report'>>;
  /** Lets calls reserve from leases of this process; undefined: each asks the store. */
  readonly leasing?: Leasing | undefined;
  readonly log: Logger;
  readonly onAttempt?: AttemptContext['onAttempt'];
  /** Limit for the end of calls, and then for the writing of their settlements, when the router closes. */
  readonly closeMs?: number;
}

interface Leasing {
  readonly store: BudgetLeases;
  /** Name of this process, never used before. */
  readonly holder: string;
  readonly journal: Journal;
}

interface LeasingOptions extends Pick<Leasing, 'store' | 'holder'> {
  readonly config: { readonly dataDirectory: string };
  readonly log: Logger;
}

/** Without a journal each call waits for the store. */
export function startLeasing({ store, holder, config, log }: LeasingOptions): Leasing | undefined {
  const journal = openJournal(config.dataDirectory, holder, log);
  return journal && { store, holder, journal };
}

/** A router that can go on by another configuration. */
export interface LiveRouter extends Router {
  /** Runs by this configuration the calls that begin from now on; others keep the targets, prices and budgets that they began with. */
  use(config: RouterConfig, prices: Prices): void;
  /** Resolves when no call is under way. */
  idle(): Promise<void>;
}

export function createRouter(options: RouterOptions): LiveRouter {
  const { store, leasing, log, onAttempt, closeMs = 5000 } = options;
  const classPlans = new ClassPlans(options);
  const settlements = new SettlementWriter({ store, log, leasing });
  const leases = leasing && new Leases({ ...leasing, log });
  const reservations = new Reservations({ store, settlements, leases, log });
  const shared = {
    ...{ settlements, reservations, holder: leasing?.holder, log, onAttempt },
    latencies: new Latencies(),
    qualities: new Qualities({ store, log }),
    run: (call: Call) => router.run(call),
  };
  /** Calls that run, and their ends. */
  const running = new Map<CallDeadline, Promise<unknown>>();
  const inForce = (config: RouterConfig, prices: Prices) => {
    const plans = classPlans.make(config, prices, Promise.allSettled(running.values()));
    const context: AttemptContext = {
      ...shared,
      budgets: config.budgets,
      maxReplyBytes: config.side.maxReplyBytes,
    };
    return { plans, context };
  };
  let now = inForce(options.config, options.prices);
  const router: LiveRouter = {
    get classes() {
      return [...now.plans.keys()];
    },
    use(config, prices) {
      now = inForce(config, prices);
    },
    async run(call, sink) {
      const { plans, context } = now;
      const plan = plans.get(call.promptClass);
      if (!plan)
        return failure('unknown_class', `expected one of the classes ${[...plans.keys()].join(', ') || '(none)'}`);
      const chosen = targetsFor(plan, call, context);
      if ('kind' in chosen) return chosen;
      const deadline = startDeadline(call, plan.config.deadlineMs);
      const { signal, progressed } = deadline;
      const strong = strongFor({ call, plan, plans, targets: chosen.targets });
      const answer = askInTurn(context, { call, plan, sink, ...chosen, strong, signal, progressed }).finally(() => {
        running.delete(deadline);
        deadline.clear();
      });
      running.set(deadline, answer);
      return answer;
    },
    async idle() {
      while (running.size > 0) await Promise.allSettled(running.values());
    },
    async close() {
      for (const deadline of running.keys()) deadline.shutDown();
      await withDeadline(Promise.allSettled(running.values()), closeMs).catch(() => {});
      await settlements.close(closeMs);
      reservations.close();
      const isGivenBack = await leases?.close();
      leasing?.journal.close(isGivenBack ?? true);
      await classPlans.close();
    },
  };
  return router;
}

type PlannedCall = ChosenTargets & Pick<Attempt, 'call' | 'plan' | 'sink' | 'strong' | 'signal' | 'progressed'>;

/** `besides`: the target that is still silent. */
type Beside = Pick<Attempt, 'answering'> & { readonly besides?: string };

async function askInTurn(
  context: AttemptContext,
  { targets, ordered, signal, ...given }: PlannedCall,
): Promise<Answered | Failure> {
  const { call, plan } = given;
  const { hedgeMs, order } = plan.config;
  const named = call.model === undefined || isAnyModel(plan, call.model) ? undefined : call.model;
  const asked = named ?? (targets[0] as Target).model;
  const judge = judgeOf({ call, signal, run: context.run }, plan.config);
  const failures: Failure[] = [];
  const ends: string[] = [];
  let best: Answered | undefined;
  const tried: string[] = [];
  const ask = (target: Target, until: AbortSignal, { besides, answering }: Beside = {}) => {
    const chosen = { target, tried, ends, count: targets.length, isNamed: named !== undefined };
    const why = whyChosen({ ...chosen, besides, ordered });
    const { isStreamed } = call.llm;
    const observe =
      order === 'latency'
        ? (row: LedgerRow) => context.latencies.note({ label: target.label, isStreamed }, row)
        : undefined;
    return runAttempt(context, {
      ...given,
      target,
      asked,
      why,
      tried: [...tried],
      signal: until,
      answering,
      judge,
      observe,
    });
  };

  for (let at = 0; at < targets.length; at++) {
    const [target, next] = [targets[at] as Target, targets[at + 1]];
    const results =
      hedgeMs !== undefined && next !== undefined && !call.llm.isStreamed
        ? await hedged({
            first: (until, answering) => ask(target, until, { answering }),
            second: (until) => ask(next, until, { besides: target.label }),
            hedgeMs,
            signal,
          })
        : [await ask(target, signal)];
    for (const [index, result] of results.entries()) {
      tried.push((targets[at + index] as Target).label);
      if (result.kind === 'answered') {
        if (result.verdict === undefined) return result;
        best = betterOf(best, result);
        ends.push(`answered: ${result.verdict}`);
        continue;
      }
      failures.push(result);
      ends.push(`failed: ${result.code}`);
    }
    if (failures.some(({ isFinal }) => isFinal)) break;
    at += isAskedAgain(results, tried) ? -1 : results.length - 1;
  }
  return best ?? failureToReport(failures);
}

/** Returns a router whose calls that function runs, which may ask the given one. */
export const withRun = (router: LiveRouter, run: LiveRouter['run']): LiveRouter => ({
  get classes() {
    return router.classes;
  },
  use: (...next) => router.use(...next),
  idle: () => router.idle(),
  close: () => router.close(),
  run,
});

/** Returns a router whose calls also have to fit into the budgets of their keys and teams. */
export const withOwnBudgets = (router: LiveRouter, budgets: Pick<OwnBudgets, 'of'>): LiveRouter =>
  withRun(router, async (call, sink) => router.run({ ...call, budgets: await budgets.of(call) }, sink));
