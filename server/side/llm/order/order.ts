// Orders the targets that policy allows by the rule of their class. Rule: it adds none and leaves none out; those that the client named come first.

import { matchesGlob } from '../../../../codecs/text/glob.ts';
import type { AliasConfig } from '../../../config/side/llm-schema.ts';
import type { Call } from '../call.ts';
import { isNamed } from '../policy.ts';
import type { ClassPlan, Target } from '../targets.ts';
import type { Ordered } from './contract.ts';
import type { Latencies } from './latency.ts';
import { cheapestFirst } from './price.ts';
import type { Qualities } from './quality.ts';
import { weightedOrder } from './weighted.ts';

interface OrderedCall {
  readonly plan: Pick<ClassPlan, 'name' | 'config'>;
  readonly call: Call;
  /** The model that the client named. */
  readonly named: string | undefined;
  readonly latencies: Latencies;
  readonly qualities: Qualities;
}

export function inOrder(targets: readonly Target[], ordered: OrderedCall): Ordered<Target> {
  const { named } = ordered;
  if (named === undefined) return byQuality(targets, ordered);
  const first = targets.filter((target) => isNamed(target, named));
  const others = targets.filter((target) => !first.includes(target));
  return { targets: [first, others].flatMap((part) => byQuality(part, ordered).targets), why: undefined };
}

function byQuality(targets: readonly Target[], ordered: OrderedCall): Ordered<Target> {
  const { name: promptClass, config } = ordered.plan;
  const ruled = byRule(targets, ordered);
  return config.minQuality === undefined
    ? ruled
    : ordered.qualities.order(ruled, { promptClass, least: config.minQuality });
}

function byRule(targets: readonly Target[], { plan, call, latencies }: OrderedCall): Ordered<Target> {
  if (targets.length < 2) return { targets, why: undefined };
  switch (plan.config.order) {
    case 'price':
      return cheapestFirst(targets, call.llm);
    case 'latency':
      return latencies.order(targets, { asker: plan.name, isStreamed: call.llm.isStreamed });
    case 'weighted':
      return drawn(targets, plan, stickyKeyOf(call));
    default:
      return { targets, why: undefined };
  }
}

/** Orders the targets of an alias, which has a rule of its own: by its weights where it has any, else as they are. */
export function inAlias(targets: readonly Target[], config: AliasConfig, call: Call): Ordered<Target> {
  const { why, ...ordered } = drawn(targets, { config }, stickyKeyOf(call));
  return { ...ordered, why: why ?? `first of the alias ${call.model}` };
}

/** A session stays with its target, as does an end user, else a key. Without any of them each call is drawn by itself. */
const stickyKeyOf = ({ session, endUser, key }: Call): string => session ?? endUser ?? key ?? String(Math.random());

/** The weight of the entry that names the model, else of the first pattern that it fits. */
function weightOf({ gatewayName, model }: Target, { targets }: AliasConfig): number | undefined {
  const ofGateway = targets.filter(({ gateway }) => gateway === gatewayName);
  const entry =
    ofGateway.find((target) => target.model === model) ?? ofGateway.find((target) => matchesGlob(target.model, model));
  return entry?.weight;
}

/** `config`: the class, or the alias, that has the weights. */
function drawn(targets: readonly Target[], { config }: { readonly config: AliasConfig }, key: string): Ordered<Target> {
  const weighed = targets.map((target) => ({ target, label: target.label, weight: weightOf(target, config) }));
  const ordered = weightedOrder(weighed, key);
  const [first] = ordered;
  const sum = weighed.reduce((total, { weight = 0 }) => total + weight, 0);
  return {
    targets: ordered.map(({ target }) => target),
    why: first?.weight === undefined ? undefined : `drawn by weight: ${first.weight} of ${sum}`,
  };
}
