// The figures of isolation from rounds whose answers are known.

import { expect, test } from 'vitest';
import { CASES, type Case, sideProcessIds } from '../../../../bench/benches/isolation/cases.ts';
import type { CaseRun, IsolationData } from '../../../../bench/benches/isolation/data.ts';
import { isolationFigures } from '../../../../bench/benches/isolation/figures.ts';
import { describeIsolation } from '../../../../bench/benches/isolation/report.ts';
import type { LoadRun } from '../../../../bench/load/run.ts';
import type { Direction } from '../../../../codecs/websocket/frame.ts';
import { loadRun } from '../../support/load-run.ts';

const both = (up: LoadRun, down = up): ReadonlyMap<Direction, LoadRun> =>
  new Map([
    ['upstream', up],
    ['downstream', down],
  ]);
const seen = { seconds: 2, asked: 400, taken: 380, reached: 360, kills: 1 };

interface Busy {
  readonly direct?: number;
  readonly up: number;
  readonly down?: number;
  readonly others?: Partial<LoadRun>;
}

/** p99s in milliseconds: without side tasks direct has `base` and the gateway 0.3 more, beside them what is given. */
const run = (base: number, { direct = base, up, down = up, others = {} }: Busy): CaseRun => ({
  quiet: { direct: both(loadRun({ p99: base })), trunkline: both(loadRun({ p99: base + 0.3 })) },
  busy: [
    {
      direct: both(loadRun({ p99: direct })),
      trunkline: both(loadRun({ p99: up, ...others }), loadRun({ p99: down })),
    },
  ],
  seen,
});
/** The added p99 of each round is that much more beside the side load. */
const moved = (up: number, down = up): CaseRun[] =>
  [1, 9, 2].map((base) => run(base, { up: base + 0.3 + up, down: base + 0.3 + down }));

function dataWith(cases: Partial<Record<Case, readonly CaseRun[]>>, others: Partial<IsolationData> = {}) {
  const all = CASES.map((name): [Case, readonly CaseRun[]] => [name, cases[name] ?? moved(0)]);
  const data: IsolationData = { cases: new Map(all), notMeasured: new Map(), sessionsLost: 0, ...others };
  return {
    data,
    figures: new Map(isolationFigures(data, 1).map((figure) => [figure.id, figure])),
  };
}

test('the figure is how far the added p99 moves, so a side load that slows direct as well does not count', () => {
  const slowed = [1, 9, 2].map((base) => run(base, { direct: base + 4, up: base + 4.4, down: base + 4.35 }));
  const figure = dataWith({ tasks: slowed }).figures.get('isolation.p99_moved_ms.tasks');
  expect(figure?.value).toBeCloseTo(0.1);
  expect(figure).toMatchObject({ met: true, goal: '<= 0.2 or the noise floor', reason: 'upstream' });
});

test('one slice in which the machine was late moves nothing, whatever stands beside it', () => {
  const [first, , third] = moved(0.1) as [CaseRun, CaseRun, CaseRun];
  const late = run(2, { up: 80 });
  const figure = dataWith({ chat: [first, late, third, ...moved(0.1)] }).figures.get('isolation.p99_moved_ms.chat');
  expect(figure?.value).toBeLessThan(1);
});

test('quiet slices of all cases of a gateway count for each of them', () => {
  const [first, second, third] = moved(0) as [CaseRun, CaseRun, CaseRun];
  const late = { ...first, quiet: { ...first.quiet, trunkline: both(loadRun({ p99: 90 })) } };
  const figure = dataWith({ chat: [late, second, third] }).figures.get('isolation.p99_moved_ms.chat');
  expect(figure?.value).toBeCloseTo(0);
});

test('the worse direction decides', () => {
  const { figures } = dataWith({ hung: moved(0, 0.5) });
  expect(figures.get('isolation.p99_moved_ms.hung')).toMatchObject({ met: false, reason: 'downstream' });
});

test('a value above the goal but within the noise floor is met, and the noise floor is named', () => {
  const { figures } = dataWith({ chat: moved(0.4), absent: moved(0.5) });
  const figure = figures.get('isolation.p99_moved_ms.chat');
  expect(figure).toMatchObject({ met: true, reason: expect.stringContaining('within the noise floor of') });
  expect(figure?.value).toBeCloseTo(0.4);
});

test('a noise floor far above the goal judges nothing', () => {
  const still = (up: number) => Array.from({ length: 3 }, () => run(1, { up: 1.3 + up }));
  const { figures } = dataWith({ chat: still(1.4), hung: still(7.7), absent: still(2) });
  expect(figures.get('isolation.p99_moved_ms.chat')).toMatchObject({
    met: null,
    reason: 'upstream, within a noise floor that says nothing: 2 ms',
  });
  expect(figures.get('isolation.p99_moved_ms.hung')).toMatchObject({ met: false });
});

test('a case that was not measured, or too seldom, is not judged', () => {
  const late = run(1, { up: 1.3, others: { invalid: 'the sender was late' } });
  const { figures } = dataWith(
    { failing: [late, ...moved(0).slice(1)] },
    { notMeasured: new Map([['disk-full', 'no tmpfs can be mounted here']]) },
  );
  expect(figures.get('isolation.p99_moved_ms.failing')).toMatchObject({
    met: null,
    reason: 'too few valid rounds: the sender was late',
  });
  expect(figures.get('isolation.p99_moved_ms.disk_full')).toMatchObject({
    met: null,
    reason: 'no tmpfs can be mounted here',
  });
});

test('one lost frame or one ended session counts as dropped', () => {
  expect(dataWith({}).figures.get('isolation.dropped')).toMatchObject({ value: 0, met: true });
  const { figures } = dataWith({ killed: [run(1, { up: 1.3, others: { lost: 2 } })] }, { sessionsLost: 1 });
  expect(figures.get('isolation.dropped')).toMatchObject({ value: 3, met: false });
});

test('the report says what the side path did meanwhile', () => {
  const { data } = dataWith({});
  const { tables, measures } = describeIsolation(data, 1);
  const side = tables.at(-1)?.rows.find(([name]) => String(name).includes('killed'));
  expect(side?.slice(1)).toEqual([200, 190, 180, 3, 0]);
  expect(measures.some(({ id }) => id === 'isolation.added_p99_ms.upstream.killed')).toBe(true);
});

test('a process tree without a side process has none to kill', () => {
  expect(sideProcessIds({ pids: [process.pid] })).toEqual([]);
});
