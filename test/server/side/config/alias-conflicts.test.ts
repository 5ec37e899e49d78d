// Aliases that cannot mean what they say are refused when the configuration is loaded, with their path.

import { expect, test } from 'vitest';
import { configFiles } from '../../../support/config-files.ts';

const { load, refusal } = configFiles();
const withAlias = (name: string, ...targets: string[]) => `gateways: { router: { profile: openrouter, apiKey: k } }
classes: { open: { targets: [{ gateway: router, model: "a/*" }, { gateway: router, model: plain }] } }
aliases: { ${name}: { targets: [${targets.join(', ')}] } }`;

test('an alias of targets that classes have is taken', () => {
  load(
    withAlias('fast', '{ gateway: router, model: a/b, weight: 95 }', '{ gateway: router, model: plain, weight: 5 }'),
  );
});

test.each([
  [
    'an unknown gateway',
    'fast',
    '{ gateway: ruoter, model: a/b }',
    'aliases.fast.targets[0]: unknown gateway "ruoter", expected router; did you mean router?',
  ],
  [
    'an alias of an alias',
    'fast',
    '{ gateway: fast, model: a/b }',
    'aliases.fast.targets[0]: expected an LLM gateway, got the alias fast: aliases have no aliases',
  ],
  [
    'a pattern',
    'fast',
    '{ gateway: router, model: "a/*" }',
    'aliases.fast.targets[0]: expected the name of a model, got a pattern',
  ],
  [
    'a target that no class has',
    'fast',
    '{ gateway: router, model: b }',
    /targets\[0\]: expected a target that a class has/,
  ],
  [
    'the name of a class',
    'open',
    '{ gateway: router, model: a/b }',
    'aliases.open: expected another name, got that of a class, which it would hide',
  ],
  [
    'the name of a model',
    'plain',
    '{ gateway: router, model: a/b }',
    'aliases.plain: expected another name, got that of the model of a target, which it would hide',
  ],
  ['a weight of 0', 'fast', '{ gateway: router, model: a/b, weight: 0 }', /^aliases\.fast\.targets\[0\]\.weight: /],
])('%s is named', (_, name, target, problem) => {
  const [found] = refusal(withAlias(name, target));
  if (typeof problem === 'string') expect(found).toBe(problem);
  else expect(found).toMatch(problem);
});
