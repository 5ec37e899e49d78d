// Works out what an attempt saved against the strong target of its class: the price of the same tokens there, less its own cost. Rule: what gave no
// answer saved nothing and cost what it did, so that the sum over all rows is net, and may be negative.

import type { LedgerRow } from '../../../ipc/stored-rows.ts';
import type { Attempt } from '../attempt/contract.ts';
import { isAnyModel } from '../call-targets.ts';
import { chooseTargets } from '../policy.ts';
import type { ClassPlan, Target } from '../targets.ts';

/** The target that a call would have been given at once if nothing were saved. `none`: what the call itself costs comes off. */
type Strong = NonNullable<Attempt['strong']>;

interface Compared extends Pick<Attempt, 'call' | 'plan'> {
  /** Those that may serve the call. */
  readonly targets: readonly Target[];
  readonly plans: ReadonlyMap<string, ClassPlan>;
}

/** The strong target of a call: of the class that difficulty names as strongest, else of a class that escalates. undefined: there is none to compare with. */
export function strongFor({ call, plan, plans, targets }: Compared): Strong | undefined {
  if (call.isHelper) return 'none';
  const strongest = call.strongest === undefined ? undefined : plans.get(call.strongest);
  if (strongest !== undefined && strongest !== plan) {
    const { dataClass } = call;
    return strongestOf(strongest, chooseTargets(strongest.targets, { dataClass, model: undefined }).allowed);
  }
  // A stream is never judged, and a client that named a model asked for no other.
  const isJudged = plan.config.escalate !== undefined && !call.llm.isStreamed && isAnyModel(plan, call.model);
  return isJudged ? strongestOf(plan, targets) : undefined;
}

/** Targets that escalate grow stronger in the order of the class; all others are asked for nothing but their turn. */
const strongestOf = ({ config, targets }: ClassPlan, allowed: readonly Target[]): Target | undefined => {
  const able = targets.filter((target) => allowed.includes(target));
  return config.escalate === undefined ? able[0] : able.at(-1);
};

/** Whole micro-USD; undefined where nothing is compared, or a price is not known. */
export function savedMicroUsd(
  { strong, target }: Pick<Attempt, 'strong' | 'target'>,
  { costMicroUsd, usage, outcome }: LedgerRow,
): number | undefined {
  if (strong === undefined || target.isRehearsal) return undefined;
  if (strong !== 'none' && strong.label === target.label) return 0;
  if (costMicroUsd === undefined) return undefined;
  if (strong === 'none' || outcome !== 'ok') return 0 - costMicroUsd;
  const there = strong.prices.estimate(strong.pricedAs, strong.profile.name, usage);
  return there === undefined ? undefined : there - costMicroUsd;
}
