// The figures of capacity from rounds whose answers are known.

import { expect, test } from 'vitest';
import type { CapacityData } from '../../../../bench/benches/capacity/data.ts';
import { capacityFigures, sessionsPerCore } from '../../../../bench/benches/capacity/figures.ts';
import { describeCapacity } from '../../../../bench/benches/capacity/report.ts';
import { loadRun } from '../../support/load-run.ts';

const slices = (costs: readonly (number | undefined)[], others: Parameters<typeof loadRun>[0] = {}) =>
  costs.map((cpuUsPerFrame) => loadRun({ cpuUsPerFrame, ...others }));
const cost = (few: readonly number[], many: readonly number[], isComplete = true) =>
  new Map([
    [100, new Map([['trunkline', slices(few)]])],
    [2000, new Map([['trunkline', slices(many, { isComplete, invalid: 'the sender was late' })]])],
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
  audio: [
    {
      frameMs: 40,
      upstream: new Map([['trunkline', slices([19, 24, 20])]]),
      downstream: new Map([['trunkline', slices([21, 26, undefined])]]),
    },
  ],
  cost: cost([10, 40, 20], [12, 44, 26]),
  idle: new Map([['trunkline', [idle(30), undefined, idle(50), idle(35)]]]),
  mostSessions: 9000,
};
const figures = (data: CapacityData) => new Map(capacityFigures(data, 1).map((figure) => [figure.id, figure]));

test('CPU for each frame is a ratio of medians over the same rounds, in which a late sender counts', () => {
  const figure = figures(usual).get('capacity.cpu_ratio.2000_vs_100');
  expect(figure?.value).toBeCloseTo(1.3);
  expect(figure).toMatchObject({ met: false, goal: '<= 1, or not told from it' });
});

test('a rise that the slices cannot tell from none is none', () => {
  const figure = figures({ ...usual, cost: cost([10, 40, 20], [9, 44, 22]) }).get('capacity.cpu_ratio.2000_vs_100');
  expect(figure).toMatchObject({ met: true, reason: 'no rise that these slices could tell' });
});

test('sessions of a core are counted from both directions of a slice that has both', () => {
  const [slice] = usual.audio as [CapacityData['audio'][number]];
  expect(sessionsPerCore(slice, 'trunkline')).toEqual([1000, 800]);
  const { measures } = describeCapacity(usual, 1);
  expect(measures.find(({ id }) => id === 'capacity.sessions_per_core.40ms.trunkline')).toMatchObject({
    better: 'higher',
    rounds: [1000, 800],
  });
});

test('memory is the median of fresh processes, without those that failed', () => {
  expect(figures(usual).get('capacity.idle_kib')).toMatchObject({ value: 35, met: true, interval: [30, 50] });
});

test('an incomplete run leaves too few rounds, and a low limit of open files is the reason', () => {
  const broken = cost([10, 40, 20], [12, 44, 26], false);
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
