// Chooses the targets of a call: those that policy allows, in the order of the class or of the alias that the client named.

import { PASSED_FORMS, passedForm } from '../../../adapters/llm/index.ts';
import type { RefusedTarget } from '../../ipc/stored-rows.ts';
import type { AttemptContext } from './attempt/contract.ts';
import type { Call } from './call.ts';
import { type Failure, failure, failureOfResource } from './failure.ts';
import { inAlias, inOrder } from './order/order.ts';
import { chooseTargets, hostedToolsObjection, isNamed, resourceObjection } from './policy.ts';
import type { ClassPlan, Target } from './targets.ts';

export interface ChosenTargets {
  readonly targets: readonly Target[];
  /** Those that policy refused. */
  readonly refused: readonly RefusedTarget[] | undefined;
  /** Reason of the rule that ordered them. */
  readonly ordered: string | undefined;
}

/** The targets that may serve, in order: at least one; and those that policy refused. */
export function targetsFor(
  plan: ClassPlan,
  call: Call,
  { latencies, qualities }: Pick<AttemptContext, 'latencies' | 'qualities'>,
): ChosenTargets | Failure {
  const mayRehearse = call.isRehearsal || call.kind === 'chat';
  const named = isAnyModel(plan, call.model) ? undefined : call.model;
  const alias = named === undefined ? undefined : plan.alias(named);
  const candidates = alias?.targets ?? plan.candidates(named);
  const model = alias === undefined ? named : undefined;
  const possible = candidates.filter(({ isRehearsal }) => !isRehearsal || mayRehearse);
  if (possible.length === 0 && plan.hasPatterns)
    return failure(
      named === undefined ? 'invalid_request' : 'policy_refused',
      `expected the name of a model in the catalogues of the class ${plan.name}, which has patterns alone`,
    );
  if (possible.length === 0)
    return failure(
      'no_gateway',
      'the rehearsal answers rehearsal sessions only; expected gateways and classes in the configuration',
    );
  if (model !== undefined && !possible.some((target) => isNamed(target, model)))
    return failure('policy_refused', `the class ${plan.name} has no target with the model that was asked for`);
  const hosted = hostedToolsObjection(plan.config, { dataClass: call.dataClass, tools: call.llm.native?.hostedTools });
  if (hosted !== undefined) return failure('policy_refused', hosted);
  const unlisted = resourceObjection(plan.config, call.llm.native?.resources);
  if (unlisted !== undefined) return failureOfResource(plan.name, unlisted);
  const { allowed, refused } = chooseTargets(possible, { dataClass: call.dataClass, model });
  if (allowed.length === 0 || (model !== undefined && !allowed.some((target) => isNamed(target, model))))
    return failure('policy_refused', `no target of the class ${plan.name} may serve this: ${refusedWords(refused)}`);
  const able = ableTargets(allowed, call, plan.name);
  if ('kind' in able) return able;
  const { order, fallback, minQuality } = plan.config;
  const { targets, why: ordered } =
    alias !== undefined
      ? inAlias(able, alias.config, call)
      : order === 'order' && minQuality === undefined
        ? { targets: able }
        : inOrder(able, { plan, call, named, latencies, qualities });
  return {
    targets: fallback ? targets : targets.slice(0, 1),
    refused: refused.length > 0 ? refused : undefined,
    ordered,
  };
}

const refusedWords = (refused: readonly RefusedTarget[]): string =>
  refused.map(({ target, reason }) => `${target}: ${reason}`).join('; ');

/**
 * The targets that have what only they can answer, all of one model: another model is no substitute, since its vectors, and its counts, are of
 * another measure. The first of them is the one that was named.
 */
function ableTargets(allowed: readonly Target[], { llm, model }: Call, name: string): readonly Target[] | Failure {
  const form = passedForm(llm);
  if (form === undefined) return allowed;
  const isAble = ({ profile }: Target): boolean => profile.native?.[form] !== undefined;
  const named = model === undefined ? [] : allowed.filter((target) => isNamed(target, model));
  const asked = named.length > 0 ? named : allowed;
  const [first] = asked.filter(isAble);
  if (first !== undefined)
    return [first, ...allowed.filter((target) => target !== first && isAble(target) && target.model === first.model)];
  const labels = asked.map(({ label }) => label).join(', ');
  const message = `no target of the class ${name} has ${PASSED_FORMS[form]}: ${labels}`;
  return failure('invalid_request', message, { lacksForm: true });
}

/** `*` and the name of the class leave the model to the class, since SDKs demand one; the rehearsal takes any name. */
export const isAnyModel = ({ name, targets, hasPatterns }: ClassPlan, model: string | undefined): boolean =>
  model === undefined ||
  model === '*' ||
  model === name ||
  (!hasPatterns && targets.every(({ isRehearsal }) => isRehearsal));
