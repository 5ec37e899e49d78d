// Rules of classes that do not fit their targets are refused when the configuration is loaded.

import { expect, test } from 'vitest';
import { configFiles } from '../../../support/config-files.ts';

const { refusal } = configFiles();
const gateways = 'gateways: { router: { profile: openrouter, apiKey: key-1 } }';

test('a rule that is not known, weights without their rule, the rule without a weight, and rules that exclude one another are refused', () => {
  const ofClass = (more: string, weight = '') =>
    refusal(`${gateways}\nclasses: { c: { targets: [{ gateway: router, model: m${weight} }]${more} } }`);
  expect(ofClass(', order: cheap')[0]).toMatch(/^classes\.c\.order: expected/);
  expect(ofClass('', ', weight: 5')).toEqual([
    'classes.c.targets[0].weight: expected order: weighted of the class beside it',
  ]);
  expect(ofClass(', escalate: { on: [worse] }')[0]).toMatch(/^classes\.c\.escalate\.on\[0\]: expected/);
  const scorer = (more: string) => ofClass(`, escalate: { on: [low-score]${more} }`);
  expect(scorer('')).toEqual(['classes.c.escalate.scorer: missing, low-score needs it']);
  expect(scorer(', scorer: { class: d }')[0]).toMatch(/^classes\.c\.escalate\.scorer: unknown class "d"/);
  expect(scorer(', scorer: { class: c }')).toEqual([
    'classes.c.escalate.scorer: expected a class whose own answers are not scored',
  ]);
  expect(ofClass(', escalate: { on: [misfit], scorer: { class: c } }')).toEqual([
    'classes.c.escalate.scorer: expected low-score in on beside it',
  ]);
  expect(ofClass(', escalate: { on: [misfit] }, hedgeMs: 100')).toEqual([
    'classes.c.escalate: expected no hedgeMs beside it: a second target is asked after the first',
  ]);
  expect(ofClass(', order: weighted')).toEqual([
    'classes.c.order: expected a weight of at least one target, since order is weighted',
  ]);
});

test('a class whose answers are scored names one that exists, and whose terms are no laxer', () => {
  const withScorer = (terms: string, scoring: string, named = 'quality: { sample: 0.1, class: judge }') =>
    refusal(
      `${gateways}\nclasses: { c: { targets: [{ gateway: router, model: m }], ${terms}${named} }, judge: { targets: [{ gateway: router, model: j }]${scoring} } }`,
    );
  expect(withScorer('', '', 'quality: { sample: 2 }')[0]).toMatch(/^classes\.c\.quality\.sample: expected/);
  expect(withScorer('', '', 'quality: { sample: 1, class: juge }')[0]).toMatch(
    /^classes\.c\.quality\.class: unknown class "juge", expected one of c, judge/,
  );
  expect(withScorer('retention: zdr, ', '')).toEqual([
    'classes.c.quality.class: expected a class with retention: zdr, as this one has: it is shown its words',
  ]);
  expect(withScorer('allow: { providers: [a, b] }, ', ', allow: { providers: [b, x] }')).toEqual([
    'classes.c.quality.class: expected a class whose allow.providers are among those of this one, a, b: it is shown its words',
  ]);
  const difficulty = 'difficulty: { rules: [{ when: { tools: true }, class: judge }] }, ';
  expect(withScorer(difficulty, '', 'quality: { sample: 0.1 }')).toEqual([
    'classes.c.quality.class: expected a class without difficulty: a call that scores is for one class',
  ]);
  const escalate = 'escalate: { on: [low-score], scorer: { class: judge } }';
  expect(withScorer('path: routed, ', '', escalate)).toEqual([
    'classes.c.escalate.scorer.class: expected a class with path: routed, as this one has: it is shown its words',
  ]);
  expect(() => withScorer('retention: zdr, ', ', retention: zdr')).toThrow();
});
