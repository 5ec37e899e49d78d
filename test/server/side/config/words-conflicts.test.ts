// Tests of what the configuration is told of checks that nobody could make, and of words that go on by another way.

import { expect, test } from 'vitest';
import { configFiles } from '../../../support/config-files.ts';

const { load, refusal, warnings } = configFiles();

const gateways = { router: { profile: 'openrouter', apiKey: 'x' }, openai: { profile: 'openai', apiKey: 'x' } };
const target = { targets: [{ gateway: 'router', model: 'm' }] };
const moderator = { targets: [{ gateway: 'openai', model: 'omni-moderation-latest' }] };
const by = (name: string) => ({ input: [{ moderation: { class: name } }] });
const written = (classes: object, more: object = {}) => JSON.stringify({ gateways, classes, ...more });
const problemsOf = (classes: object) => refusal(written(classes));

test.each([
  ['is unknown', {}, 'unknown class "judge"'],
  ['has checks itself', { judge: { ...moderator, guard: by('judge') } }, 'expected a class without guard of its own'],
  ['has no target with moderations', { judge: target }, 'expected a class with a target that has moderations'],
])('A class that moderates and %s is a conflict.', (_, judge, message) => {
  const problems = problemsOf({ app: { ...target, guard: by('judge') }, ...judge });
  expect(problems).toContainEqual(expect.stringContaining(`classes.app.guard.input[0].moderation.class: ${message}`));
});

test('A check has rules or a moderation, and a guard has a side.', () => {
  expect(problemsOf({ app: { ...target, guard: {} } })).toEqual(['classes.app.guard: expected input or output']);
  const both = 'expected either rules (kinds, patterns, words, maxChars) or moderation';
  expect(problemsOf({ app: { ...target, guard: { input: [{ action: 'flag' }] } } })).toEqual([
    `classes.app.guard.input[0]: ${both}`,
  ]);
  const mixed = { words: ['x'], moderation: { class: 'judge' } };
  expect(problemsOf({ app: { ...target, guard: { output: [mixed] } }, judge: moderator })).toEqual([
    `classes.app.guard.output[0]: ${both}`,
  ]);
});

const led = (more: object) => ({
  app: {
    ...target,
    guard: { input: [{ words: ['x'] }] },
    difficulty: { rules: [{ when: { tools: true }, class: 'hard' }] },
  },
  hard: { ...target, ...more },
});

test.each([{}, { guard: { input: [{ words: ['y'] }] } }, { guard: { output: [{ words: ['x'] }] } }])(
  'A class that a difficulty leads to has the checks of the class that was asked for, not %j.',
  (more) => {
    expect(problemsOf(led(more))).toEqual([
      'classes.app.difficulty.rules[0].class: expected a class that is no laxer than app: guard.input[0] has to be there, too',
    ]);
  },
);

test('A class with more checks may be led to.', () => {
  const guard = { input: [{ maxChars: 5 }, { words: ['x'] }] };
  expect(load(written(led({ guard }))).classes.hard?.guard?.input).toHaveLength(2);
});

test('Words that a moderation gets as they are, and sessions that are left as they are, are warned of.', () => {
  const classes = { app: { ...target, redact: ['email'], guard: by('judge') }, judge: moderator };
  const told = warnings(written(classes, { routes: { '/v1/realtime': { class: 'app' } } }));
  expect(told).toContain(
    'classes.app.guard.input[0].moderation.class: the class judge has no redact: its targets get the words that those of app do not',
  );
  expect(told).toContain(
    'routes./v1/realtime.class: redact and guard of app hold for its calls and tasks; live sessions are left as they are',
  );
});
