// Classes that difficulty leads to, and that do not fit the class that a call was meant for, are refused when the configuration is loaded.

import { expect, test } from 'vitest';
import { classSchema } from '../../../../server/config/side/llm-schema.ts';
import { difficultyConflicts } from '../../../../server/side/config/difficulty-conflicts.ts';
import { configFiles } from '../../../support/config-files.ts';

const { refusal } = configFiles();

const ofClasses = (difficulty: string, more = '', others = '') =>
  refusal(
    `gateways: { router: { profile: openrouter, apiKey: key-1, retention: zdr, residency: eu, baseUrl: "https://eu.openrouter.ai/api/v1" } }\n` +
      `classes: { a: { targets: [{ gateway: router, model: v/m }], difficulty: ${difficulty}${more} }, ` +
      `b: { targets: [{ gateway: router, model: v/m }]${others} } }`,
  );

test('names that no class has, and rules that say nothing, are refused by their place', () => {
  const at = 'classes.a.difficulty';
  expect(ofClasses('{}')).toEqual([`${at}: expected rules, or a model`]);
  expect(ofClasses('{ rules: [{ when: { tools: true }, class: c }] }')).toEqual([
    `${at}.rules[0].class: unknown class "c", expected one of a, b`,
  ]);
  expect(ofClasses('{ rules: [{ when: {}, class: b }] }')).toEqual([
    `${at}.rules[0].when: expected something to look at, got an empty mapping: default has all others`,
  ]);
  expect(ofClasses('{ rules: [{ when: { minChars: 9, maxChars: 8 }, class: b }] }')).toEqual([
    `${at}.rules[0].when: no call fits: 9 characters or more, and 8 or fewer`,
  ]);
  expect(ofClasses('{ rules: [{ when: { script: [Hann] }, class: b }] }')[0]).toMatch(
    /^classes\.a\.difficulty\.rules\[0\]\.when\.script\[0\]: expected the name of a script in Unicode/,
  );
  expect(ofClasses('{ rules: [{ when: { kind: voice }, class: b }] }')[0]).toMatch(
    /when\.kind: expected one of task, chat/,
  );
  expect(ofClasses('{ rules: [{ when: { language: [xx] }, class: b }] }')[0]).toMatch(
    /^classes\.a\.difficulty\.rules\[0\]\.when\.language\[0\]: expected one of am, ar, /,
  );
  const model = (more: string) => ofClasses(`{ model: { class: b, verdicts: { easy: a, hard: b }${more} } }`);
  expect(model(', deadlineMs: 0')[0]).toMatch(/model\.deadlineMs: expected at least 1/);
  expect(ofClasses('{ model: { class: b, verdicts: { easy: a } } }')).toEqual([
    `${at}.model.verdicts: expected at least two verdicts`,
  ]);
  expect(ofClasses('{ model: { class: d, verdicts: { easy: a, hard: e } }, default: f, strongest: g }')).toEqual([
    `${at}.model.verdicts.hard: unknown class "e", expected one of a, b`,
    `${at}.default: unknown class "f", expected one of a, b`,
    `${at}.model.class: unknown class "d", expected one of a, b`,
    `${at}.strongest: unknown class "g", expected one of a, b`,
  ]);
});

test('calls that would judge themselves, or each other without end, are refused', () => {
  const rule = '{ rules: [{ when: { tools: true }, class: b }] }';
  expect(ofClasses('{ model: { class: a, verdicts: { easy: a, hard: b } } }')).toEqual([
    'classes.a.difficulty.model.class: expected another class: its calls would be judged themselves',
  ]);
  expect(ofClasses(rule, '', ', difficulty: { rules: [{ when: { tools: true }, class: b }] }')).toEqual([
    'classes.a.difficulty.rules[0].class: expected a class without difficulty of its own',
  ]);
  expect(ofClasses(rule, '', ', escalate: { on: [low-score], scorer: { class: a } }')).toEqual([
    'classes.b.escalate.scorer: expected a class without difficulty: a call that scores is for one class',
  ]);
});

test('a class that is laxer than the one that a call was meant for gets none of its texts, not even to judge them', () => {
  const rule = '{ rules: [{ when: { tools: true }, class: b }] }';
  const laxer = (more: string, others = '') => ofClasses(rule, more, others)[0];
  const at = 'classes.a.difficulty.rules[0].class: expected a class that is no laxer than a: ';
  expect(laxer(', retention: zdr')).toBe(`${at}retention has to be zdr there, too`);
  expect(laxer(', residency: eu')).toBe(`${at}residency has to be eu there, too`);
  expect(laxer(', path: routed')).toBe(`${at}path has to be routed there, too`);
  expect(laxer(', allow: { models: ["v/*"] }')).toBe(`${at}it has no allow.models`);
  expect(laxer(', allow: { models: ["v/*"] }', ', allow: { models: ["*"] }')).toBe(`${at}allow.models has "*" there`);
  expect(laxer(', allow: { providers: [p] }', ', allow: { providers: [p, q] }')).toBe(
    `${at}allow.providers has "q" there`,
  );
  expect(laxer('', ', allow: { resources: [vs_1] }')).toBe(`${at}allow.resources has "vs_1" there`);
  expect(laxer(', redact: [email]')).toBe(`${at}it has no redact`);
  expect(laxer(', redact: [email, card]', ', redact: [card]')).toBe(`${at}redact has no email there`);
  const orders = (pattern: string, more = '') => `, redact: { patterns: { order: "${pattern}" }${more} }`;
  expect(laxer(orders('O-[0-9]+'), orders('O-[1-9]+'))).toBe(`${at}redact has no such pattern order there`);
  expect(laxer(orders('O-[0-9]+'), orders('O-[0-9]+', ', unreadable: pass'))).toBe(
    `${at}redact lets pass what cannot be read there`,
  );
  expect(ofClasses('{ model: { class: b, verdicts: { easy: a, hard: a } } }', ', retention: zdr')).toEqual([
    'classes.a.difficulty.model.class: expected a class that is no laxer than a: retention has to be zdr there, too',
  ]);
});

test('a rule that asks for languages needs their package, and says so', () => {
  const classes = {
    a: classSchema.parse({
      targets: [{ gateway: 'router', model: 'm' }],
      difficulty: { rules: [{ when: { language: ['de'] }, class: 'a' }] },
    }),
  };
  expect(difficultyConflicts('a', classes, () => 'eld')).toEqual([
    {
      path: 'classes.a.difficulty.rules[0].when.language',
      message: 'expected the package that it needs: npm install eld',
    },
  ]);
  expect(difficultyConflicts('a', classes, () => undefined)).toEqual([]);
});
