// Conflicts of the rule by which a class orders its targets with these targets.

import type { Problem } from '../../config/problem.ts';
import type { ClassConfig } from '../../config/side/llm-schema.ts';

/** Weights without their rule, or the rule without a weight, would mean nothing. */
export function orderConflicts({ order, targets, escalate, hedgeMs }: ClassConfig, path: string): Problem[] {
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
