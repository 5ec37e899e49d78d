// Conflicts of the rules by which a class orders its targets and judges their answers, with these targets and with other classes.

import { unknownName } from '../../../codecs/text/nearest-names.ts';
import type { Problem } from '../../config/problem.ts';
import type { ClassConfig } from '../../config/side/llm-schema.ts';
import type { SideConfig } from '../../config/side-schema.ts';

/** Weights without their rule, the rule without a weight, and scores without a class that gives them would mean nothing. */
export function orderConflicts(
  { order, targets, escalate, hedgeMs }: ClassConfig,
  path: string,
  classes: SideConfig['classes'],
): Problem[] {
  const unscored = escalate && scorerConflict(escalate, classes);
  if (unscored !== undefined) return [{ path: `${path}.escalate.scorer`, message: unscored }];
  if (escalate !== undefined && hedgeMs !== undefined)
    return [
      { path: `${path}.escalate`, message: 'expected no hedgeMs beside it: a second target is asked after the first' },
    ];
  const weighed = targets.findIndex(({ weight }) => weight !== undefined);
  if (order === 'weighted' && weighed < 0)
    return [{ path: `${path}.order`, message: 'expected a weight of at least one target, since order is weighted' }];
  return order !== 'weighted' && weighed >= 0
    ? [{ path: `${path}.targets[${weighed}].weight`, message: 'expected order: weighted of the class beside it' }]
    : [];
}

/** A class that scores must not be scored itself: its calls would make others without end. */
function scorerConflict(
  { on, scorer }: NonNullable<ClassConfig['escalate']>,
  classes: SideConfig['classes'],
): string | undefined {
  if (scorer === undefined) return on.includes('low-score') ? 'missing, low-score needs it' : undefined;
  if (!on.includes('low-score')) return 'expected low-score in on beside it';
  const scoring = Object.hasOwn(classes, scorer.class) ? classes[scorer.class] : undefined;
  if (scoring === undefined) return unknownName('class', scorer.class, Object.keys(classes));
  if (scoring.difficulty !== undefined)
    return 'expected a class without difficulty: a call that scores is for one class';
  return scoring.escalate?.scorer === undefined ? undefined : 'expected a class whose own answers are not scored';
}
