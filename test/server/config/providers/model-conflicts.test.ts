// Says what is wrong with names of realtime models: targets that are not there, that name no model, or that cannot stand in for each other.

import { expect, test } from 'vitest';
import { configFiles } from '../../../support/config-files.ts';

const { refusal } = configFiles();

/** Returns the problems of a name with these targets. */
const problem = (...targets: readonly string[]) =>
  refusal(`
providers:
  openai: { apiKey: long-enough }
  gemini: { apiKey: long-enough }
  vertex: { apiKey: long-enough, settings: { location: l, project: p } }
  gladia: { apiKey: long-enough }
models: { voice: [${targets.join(', ')}] }`).join('\n');

test.each([
  [['gemini/models/m'], 'models.voice[0].model: expected m, as lists and prices know it, got models/m'],
  [
    ['gemini/m', 'vertex/projects/p/locations/l/publishers/google/models/n'],
    'models.voice[1].model: expected n, as lists and prices know it, got projects/p/locations/l/publishers/google/models/n',
  ],
  [
    ['gladia/solaria-1'],
    'models.voice[0]: expected a provider whose sessions name their model in the query or in the first message: those of gladia do not',
  ],
  [['gemini/m', 'gemini/m'], 'models.voice[1]: expected each target once, got gemini/m again'],
  [['openai/m', 'gemini/m'], 'models.voice: expected targets that speak one dialect: openai speaks'],
])('%j', (targets, expected) => {
  expect(problem(...targets)).toContain(expected);
});

test.each([[['gemini/m', 'vertex/m', 'vertex/projects/p/locations/l/endpoints/7']], [['openai/m']]])(
  'nothing is wrong with %j',
  (targets) => {
    expect(() => problem(...targets)).toThrow('was accepted');
  },
);
