// Conflicts of difficulty with other classes. Rule: a class that text is led to by it is held to no less than the class that it was meant for.

import { matchesGlob } from '../../../codecs/text/glob.ts';
import { unknownName } from '../../../codecs/text/nearest-names.ts';
import type { Problem } from '../../config/problem.ts';
import type { ClassConfig } from '../../config/side/llm-schema.ts';
import type { SideConfig } from '../../config/side-schema.ts';
import { missingLanguagePackage } from '../llm/steps/language.ts';
import { missingCheck } from './words-conflicts.ts';

type Classes = SideConfig['classes'];

/** A name of a class, and its place below `difficulty`. */
interface Named {
  readonly at: string;
  readonly name: string;
}

/** `missing`: see `missingLanguagePackage`. */
export function difficultyConflicts(name: string, classes: Classes, missing = missingLanguagePackage): Problem[] {
  const difficulty = classes[name]?.difficulty;
  if (difficulty === undefined) return [];
  const { rules, model, default: byDefault, strongest } = difficulty;
  const path = `classes.${name}.difficulty`;
  if (rules.length === 0 && model === undefined) return [{ path, message: 'expected rules, or a model' }];
  const verdicts = Object.entries(model?.verdicts ?? {});
  const led: readonly Named[] = [
    ...rules.map((rule, index) => ({ at: `rules[${index}].class`, name: rule.class })),
    ...verdicts.map(([word, verdict]) => ({ at: `model.verdicts.${word}`, name: verdict })),
    ...(byDefault === undefined ? [] : [{ at: 'default', name: byDefault }]),
  ];
  const asked: readonly Named[] = [
    ...(model === undefined ? [] : [{ at: 'model.class', name: model.class }]),
    ...(strongest === undefined ? [] : [{ at: 'strongest', name: strongest }]),
  ];
  return [
    ...rules.flatMap(({ when: { minChars = 0, maxChars = Infinity, ...more } }, index) => {
      const isEmpty = minChars === 0 && maxChars === Infinity && Object.values(more).every((one) => one === undefined);
      const at = `${path}.rules[${index}].when`;
      if (isEmpty)
        return [{ path: at, message: 'expected something to look at, got an empty mapping: default has all others' }];
      if (minChars > maxChars)
        return [{ path: at, message: `no call fits: ${minChars} characters or more, and ${maxChars} or fewer` }];
      return [];
    }),
    ...rules.flatMap(({ when }, index) => {
      const wanted = when.language === undefined ? undefined : missing();
      const message = `expected the package that it needs: npm install ${wanted}`;
      return wanted === undefined ? [] : [{ path: `${path}.rules[${index}].when.language`, message }];
    }),
    ...(model !== undefined && verdicts.length < 2
      ? [{ path: `${path}.model.verdicts`, message: 'expected at least two verdicts' }]
      : []),
    ...[...led, ...asked].flatMap((named) => {
      const message = conflictOf(named, name, classes);
      return message === undefined ? [] : [{ path: `${path}.${named.at}`, message }];
    }),
  ];
}

function conflictOf({ at, name: to }: Named, name: string, classes: Classes): string | undefined {
  const terms = Object.hasOwn(classes, to) ? classes[to] : undefined;
  if (terms === undefined) return unknownName('class', to, Object.keys(classes));
  if (to === name)
    return at === 'model.class' ? 'expected another class: its calls would be judged themselves' : undefined;
  // Nothing runs there because of that.
  if (at === 'strongest') return undefined;
  if (terms.difficulty !== undefined) return 'expected a class without difficulty of its own';
  if (at === 'model.class' && terms.escalate?.scorer !== undefined)
    return 'expected a class whose own answers are not scored';
  const bounds = classes[name] as ClassConfig;
  // The words that a small model is asked with are told of, not refused.
  const laxer = laxerThan(terms, bounds) ?? (at === 'model.class' ? undefined : missingCheck(terms, bounds));
  return laxer && `expected a class that is no laxer than ${name}: ${laxer}`;
}

/** Says what a class promises of texts, and another one does not. */
function laxerThan(terms: ClassConfig, { retention, residency, path, allow, redact }: ClassConfig): string | undefined {
  const stated = Object.entries({ retention: retention === 'zdr' ? retention : undefined, residency, path });
  for (const [field, value] of stated)
    if (value !== undefined && terms[field as 'retention' | 'residency' | 'path'] !== value)
      return `${field} has to be ${value} there, too`;
  for (const field of ['models', 'providers'] as const) {
    const bounds = allow[field];
    if (bounds === undefined) continue;
    const own = terms.allow[field];
    if (own === undefined) return `it has no allow.${field}`;
    const beyond = beyondOf(own, bounds);
    if (beyond !== undefined) return `allow.${field} has "${beyond}" there`;
  }
  const beyond = beyondOf(terms.allow.resources, allow.resources);
  return beyond === undefined ? unredactedBy(terms.redact, redact) : `allow.resources has "${beyond}" there`;
}

/** Names the first of the words that a class takes out and another one leaves in. */
function unredactedBy(other: ClassConfig['redact'], own: ClassConfig['redact']): string | undefined {
  if (own === undefined) return undefined;
  if (other === undefined) return 'it has no redact';
  const [there, here] = [redactionOf(other), redactionOf(own)];
  const kind = here.kinds.find((one) => !there.kinds.includes(one));
  if (kind !== undefined) return `redact has no ${kind} there`;
  const pattern = Object.keys(here.patterns).find((one) => there.patterns[one] !== here.patterns[one]);
  if (pattern !== undefined) return `redact has no such pattern ${pattern} there`;
  return here.unreadable === 'refuse' && there.unreadable === 'pass'
    ? 'redact lets pass what cannot be read there'
    : undefined;
}

function redactionOf(given: NonNullable<ClassConfig['redact']>) {
  const { kinds = [], patterns = {}, unreadable = 'refuse' } = 'length' in given ? { kinds: given } : given;
  return { kinds, patterns: patterns as Readonly<Record<string, string>>, unreadable };
}

/** A pattern that fits the text of another one fits all that this fits. */
const beyondOf = (patterns: readonly string[], bounds: readonly string[]): string | undefined =>
  patterns.find((pattern) => !bounds.some((bound) => matchesGlob(bound, pattern)));
