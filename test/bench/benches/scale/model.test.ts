// Tests the figures of the model: where they come from, and what may replace them.

import { expect, test } from 'vitest';
import { costsIn, createModel, figuresOf, ownFigures } from '../../../../bench/benches/scale/model.ts';
import { measure } from '../../../../bench/figures/describe.ts';
import { results } from '../../support/results.ts';

test('costs are the medians of what a report has measured', () => {
  const rounds = {
    'capacity.sessions_per_core.40ms.trunkline': [380, 400, 500],
    'hop.cpu_us.100.up-2600-40ms.trunkline': [60, 80],
    'hop_tls.cpu_us.provider.up-2600-40ms.trunkline': [140],
    'session_start.cpu_us.loopback.trunkline': [5000, 7000],
    'capacity.idle_kib.trunkline': [30],
  };
  const measured = Object.entries(rounds).map(([id, values]) => measure(id, 'us', values));
  // A session of a core has a frame up and one down in 40 ms: 400 of them are 20,000 frames a second.
  expect(costsIn(results(measured))).toEqual({ frameUs: 50, tlsRatio: 2, startUs: 6000, sessionKib: 30 });
  expect(() => costsIn(results(measured.slice(1)))).toThrow('the report has no capacity.sessions_per_core.40ms');
});

test('a file replaces figures, and is refused where it names none', () => {
  const costs = { frameUs: 50, tlsRatio: 2, startUs: 4000, sessionKib: 32 };
  const model = createModel(costs, { cores: 8, frameUs: 20 });
  expect(model).toMatchObject({ ...costs, cores: 8, frameUs: 20, zones: 3 });
  const figures = new Map(figuresOf(model, costs).map(({ key, ...figure }) => [key, figure]));
  expect(figures.get('startUs')).toMatchObject({ isMeasured: true, value: 4000 });
  // Figures of the reader's own are taken as they are.
  expect(figures.get('frameUs')).toMatchObject({ isMeasured: false, value: 20 });
  expect([...figures.values()].every(({ meaning }) => meaning.length > 0)).toBe(true);
  expect(() => createModel(costs, { core: 8 })).toThrow('Unrecognized key: "core"');
  for (const targetCpu of [50, 0]) expect(() => createModel(costs, { targetCpu })).toThrow('at targetCpu');
  expect(() => createModel(costs, [8])).toThrow('not the figures of a model: ✖ Invalid input: expected record');
  expect(() => ownFigures('cores: 8')).toThrow('not the figures of a model: expected JSON: ');
  expect(ownFigures('{"cores":8}')).toEqual({ cores: 8 });
});
