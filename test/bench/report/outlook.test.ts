// The text for each figure that is not met, and how the report prints it.

import { expect, test } from 'vitest';
import type { BenchContext } from '../../../bench/bench.ts';
import { attackFigures } from '../../../bench/benches/attack/figures.ts';
import { capacityFigures } from '../../../bench/benches/capacity/figures.ts';
import { hopFigures } from '../../../bench/benches/hop/figures.ts';
import { isolationFigures } from '../../../bench/benches/isolation/figures.ts';
import { sessionStartFigures } from '../../../bench/benches/session-start/figures.ts';
import { sideHopFigures } from '../../../bench/benches/side-hop/figures.ts';
import { judge, unjudged } from '../../../bench/figures/results.ts';
import { outlookLines, outlookOf } from '../../../bench/report/outlook.ts';

const context = { settings: { seed: 1 }, absent: new Map() } as unknown as BenchContext;
const noPlace = { rounds: new Map(), absent: new Map() };
const noCapacity = { levels: [], knees: new Map(), audio: [], cost: new Map(), idle: new Map(), mostSessions: 9000 };
const noCalls = { loads: new Map(), closed: new Map(), many: 'nothing ran', leftOut: [] };

/** Figures of benches in which nothing ran. */
const figures = [
  ...hopFigures(new Map(), context),
  ...capacityFigures(noCapacity, 1),
  ...sessionStartFigures({ loopback: noPlace, far: noPlace }, context),
  ...sideHopFigures(noCalls, { ledger: undefined, seed: 1 }),
  ...isolationFigures({ cases: new Map(), notMeasured: new Map(), sessionsLost: 0 }, 1),
  ...attackFigures({ runs: new Map(), ended: new Map() }, 1),
];

test.each(figures.map(({ id }) => id))('%s says what stands in its way when it is not met', (id) => {
  expect(outlookOf({ id, met: false })).toMatch(/\.$/);
  expect(outlookOf({ id, met: true })).toBeUndefined();
});

test('a figure without a measurement is not judged, and says why', () => {
  const judged = figures.filter(({ met }) => met !== null).map(({ id }) => id);
  expect(judged).toEqual(['isolation.dropped', 'attack.dropped']);
  expect(figures.filter(({ met, reason }) => met === null && !reason)).toEqual([]);
});

test('figures with the same obstacle share a line, and those that are met or not judged have none', () => {
  const goal = (id: string) => ({ id, unit: 'ratio', below: 1 });
  const lines = outlookLines([
    judge(goal('hop.added_p50.100.vs_haproxy'), 2),
    judge(goal('hop.added_p50.300.vs_haproxy'), 2),
    judge(goal('hop.cpu_per_frame.2600.vs_haproxy'), 0.5),
    unjudged(goal('capacity.idle_kib'), 'nothing ran'),
    judge(goal('a figure without a text'), 2),
  ]);
  expect(lines).toEqual([
    expect.stringMatching(/^- `hop\.added_p50\.100\.vs_haproxy`, `hop\.added_p50\.300\.vs_haproxy`: \w/),
    '- `a figure without a text`: Not looked into yet.',
  ]);
});
