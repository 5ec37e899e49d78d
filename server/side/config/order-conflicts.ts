// Conflicts of the rules by which a class orders its targets and judges their answers, with these targets and with other classes.

import { unknownName } from '../../../codecs/text/nearest-names.ts';
import type { Problem } from '../../config/problem.ts';
import type { ClassConfig } from '../../config/side/llm-schema.ts';
import type { SideConfig } from '../../config/side-schema.ts';

/** Weights without their rule, the rule without a weight, and scores without a class that gives them would mean nothing. */
export function orderConflicts(terms: ClassConfig, path: string, classes: SideConfig['classes']): Problem[] {
  const { order, targets, escalate, hedgeMs } = terms;
  const unscored = escalate && scorerConflict(escalate, classes);
  if (unscored !== undefined) return [{ path: `${path}.escalate.scorer`, message: unscored }];
  if (escalate !== undefined && hedgeMs !== undefined)
    return [
      { path: `${path}.escalate`, message: 'expected no hedgeMs beside it: a second target is asked after the first' },
    ];
  const lax = laxConflicts(terms, path, classes);
  if (lax.length > 0) return lax;
  const weighed = targets.findIndex(({ weight }) => weight !== undefined);
  if (order === 'weighted' && weighed < 0)
    return [{ path: `${path}.order`, message: 'expected a weight of at least one target, since order is weighted' }];
  return order !== 'weighted' && weighed >= 0
    ? [{ path: `${path}.targets[${weighed}].weight`, message: 'expected order: weighted of the class beside it' }]
    : [];
}

const DIVIDED = 'expected a class without difficulty: a call that scores is for one class';

/** A class that scores must not be scored itself: its calls would make others without end. */
function scorerConflict(
  { on, scorer }: NonNullable<ClassConfig['escalate']>,
  classes: SideConfig['classes'],
): string | undefined {
  if (scorer === undefined) return on.includes('low-score') ? 'missing, low-score needs it' : undefined;
  if (!on.includes('low-score')) return 'expected low-score in on beside it';
  const scoring = Object.hasOwn(classes, scorer.class) ? classes[scorer.class] : undefined;
  if (scoring === undefined) return unknownName('class', scorer.class, Object.keys(classes));
  if (scoring.difficulty !== undefined) return DIVIDED;
  return scoring.escalate?.scorer === undefined ? undefined : 'expected a class whose own answers are not scored';
}

/** A class that scores is shown the words of this one, so that its terms must hold there, too. */
function laxConflicts(terms: ClassConfig, path: string, classes: SideConfig['classes']): Problem[] {
  const scorers = [
    ['quality', terms.quality],
    ['escalate.scorer', terms.escalate?.scorer],
  ] as const;
  return scorers.flatMap(([at, scorer]) => {
    if (scorer === undefined) return [];
    const { class: name } = scorer;
    const scoring = name === undefined ? terms : Object.hasOwn(classes, name) ? classes[name] : undefined;
    const message =
      scoring === undefined ? unknownName('class', name ?? '', Object.keys(classes)) : laxness(scoring, terms);
    return message === undefined ? [] : [{ path: `${path}.${at}.class`, message }];
  });
}

const HELD = ['retention', 'residency', 'path'] as const;

function laxness(scoring: ClassConfig, terms: ClassConfig): string | undefined {
  if (scoring.difficulty !== undefined) return DIVIDED;
  const term = HELD.find((name) => terms[name] !== undefined && scoring[name] !== terms[name]);
  if (term !== undefined)
    return `expected a class with ${term}: ${terms[term]}, as this one has: it is shown its words`;
  const allowed = terms.allow.providers;
  const others = scoring.allow.providers;
  return allowed === undefined || others?.every((name) => allowed.includes(name))
    ? undefined
    : `expected a class whose allow.providers are among those of this one, ${allowed.join(', ')}: it is shown its words`;
}
