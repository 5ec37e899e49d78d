// Rules of classes that do not fit their targets are refused when the configuration is loaded.

import { expect, test } from 'vitest';
import { configFiles } from '../../../support/config-files.ts';

const { refusal } = configFiles();
const gateways = 'gateways: { router: { profile: openrouter, apiKey: key-1 } }';

test('a rule that is not known, weights without their rule, and the rule without a weight are refused', () => {
  const ofClass = (more: string, weight = '') =>
    refusal(`${gateways}\nclasses: { c: { targets: [{ gateway: router, model: m${weight} }]${more} } }`);
  expect(ofClass(', order: cheap')[0]).toMatch(/^classes\.c\.order: expected/);
  expect(ofClass('', ', weight: 5')).toEqual([
    'classes.c.targets[0].weight: expected order: weighted of the class beside it',
  ]);
  expect(ofClass(', order: weighted')).toEqual([
    'classes.c.order: expected a weight of at least one target, since order is weighted',
  ]);
});
