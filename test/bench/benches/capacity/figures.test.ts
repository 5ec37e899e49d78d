// The figures of capacity from rounds whose answers are known.

import { expect, test } from 'vitest';
import type { CapacityData } from '../../../../bench/benches/capacity/data.ts';
import { capacityFigures } from '../../../../bench/benches/capacity/figures.ts';
import { describeCapacity } from '../../../../bench/benches/capacity/report.ts';
import { loadRun } from '../../support/load-run.ts';

const cost = (few: number | undefined, many: number | undefined, isComplete = true) =>
  new Map([
    [100, loadRun({ cpuUsPerFrame: few })],
    [2000, loadRun({ cpuUsPerFrame: many, isComplete, invalid: 'the sender was late' })],
  ]);
const idle = (perSession: number) => ({ before: 1024, perSession });

const usual: CapacityData = {
  levels: [
    {
      sessions: 100,
      rounds: new Map([
        ['direct', [loadRun({ p99: 1 }), loadRun({ p99: 2 })]],
        ['trunkline', [loadRun({ p99: 3 }), loadRun({ p99: 4, latenessP99: 1, invalid: 'late' })]],
      ]),
    },
  ],
  knees: new Map([['trunkline', { atLeast: 100 }]]),
  cost: new Map([['trunkline', [cost(10, 12), cost(40, 44), cost(20, 26)]]]),
  idle: new Map([['trunkline', [idle(30), undefined, idle(50), idle(35)]]]),
  mostSessions: 9000,
};
const figures = (data: CapacityData) => new Map(capacityFigures(data, 1).map((figure) => [figure.id, figure]));

test('CPU for each frame is a ratio within each round, so drift does not count, nor does a late sender', () => {
  const figure = figures(usual).get('capacity.cpu_ratio.2000_vs_100');
  expect(figure?.value).toBeCloseTo(1.2);
  expect(figure).toMatchObject({ met: false, goal: '<= 1' });
  expect(figure?.interval?.[0]).toBeCloseTo(1.1);
  expect(figure?.interval?.[1]).toBeCloseTo(1.3);
});

test('memory is the median of fresh processes, without those that failed', () => {
  expect(figures(usual).get('capacity.idle_kib')).toMatchObject({ value: 35, met: true, interval: [30, 50] });
});

test('an incomplete run leaves too few rounds, and a low limit of open files is the reason', () => {
  const broken = new Map([['trunkline', [cost(10, 12, false), cost(40, 44), cost(20, 26)]]]);
  const id = 'capacity.cpu_ratio.2000_vs_100';
  expect(figures({ ...usual, cost: broken }).get(id)).toMatchObject({ met: null, reason: 'too few valid rounds' });
  expect(figures({ ...usual, mostSessions: 400 }).get(id)).toMatchObject({
    met: null,
    reason: 'open files allow 400 sessions (ulimit -n)',
  });
});

test('measures that are compared later have valid rounds only', () => {
  const { measures, notes } = describeCapacity(usual, 1);
  const rounds = (id: string) => measures.find((measure) => measure.id === id)?.rounds;
  expect(rounds('capacity.added_p99_ms.100.trunkline')).toEqual([2]);
  expect(rounds('capacity.cpu_us.2000.trunkline')).toEqual([12, 44, 26]);
  expect(rounds('capacity.idle_kib.trunkline')).toEqual([30, 50, 35]);
  expect(notes).toEqual(['idle sessions, trunkline: 1 of 4 failed']);
});
