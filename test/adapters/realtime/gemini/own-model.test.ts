// Tests which names of models are a model's own.

import { expect, test } from 'vitest';
import { geminiLiveDialect } from '../../../../adapters/realtime/gemini/dialect.ts';
import { ownName } from '../../../../adapters/realtime/gemini/own-model.ts';
import { frameOf } from '../../../support/frames.ts';

const own = 'gemini-3.8-live';
test.each([
  [own, own],
  [`models/${own}`, own],
  [`publishers/google/models/${own}`, own],
  [`projects/p1/locations/us-central1/publishers/google/models/${own}`, own],
  ['projects/p1/locations/us-central1/endpoints/123', 'projects/p1/locations/us-central1/endpoints/123'],
  ['projects/p1/locations/l/publishers/meta/models/m', 'projects/p1/locations/l/publishers/meta/models/m'],
  ['projects/p1/locations/l/publishers/google/models/a/b', 'projects/p1/locations/l/publishers/google/models/a/b'],
  ['tunedModels/mine', 'tunedModels/mine'],
])('%s is %s in lists and prices', (model, name) => {
  expect(ownName(model)).toBe(name);
  const setup = frameOf({ setup: { model } });
  expect(geminiLiveDialect.modelsIn(setup)).toEqual([name]);
  expect(geminiLiveDialect.observe(setup, 'upstream')?.model).toBe(name);
});
