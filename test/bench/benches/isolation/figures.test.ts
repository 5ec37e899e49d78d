// The figures of isolation from rounds whose answers are known.

import { expect, test } from 'vitest';
import { CASES, type Case, sideProcessId } from '../../../../bench/benches/isolation/cases.ts';
import type { CaseRun, IsolationData } from '../../../../bench/benches/isolation/data.ts';
import { isolationFigures } from '../../../../bench/benches/isolation/figures.ts';
import { describeIsolation } from '../../../../bench/benches/isolation/report.ts';
import type { LoadRun } from '../../../../bench/load/run.ts';
import type { Direction } from '../../../../codecs/frame.ts';
import { loadRun } from '../../support/load-run.ts';

const both = (up: LoadRun, down = up): ReadonlyMap<Direction, LoadRun> =>
  new Map([
    ['upstream', up],
    ['downstream', down],
  ]);
const seen = { seconds: 2, asked: 400, taken: 380, reached: 360, kills: 1 };
/** p99s in milliseconds, of the downstream direction where two are given. */
const run = (direct: number, up: number, down = up, others: Partial<LoadRun> = {}): CaseRun => ({
  direct: both(loadRun({ p99: direct })),
  trunkline: both(loadRun({ p99: up, ...others }), loadRun({ p99: down })),
  seen,
});

function dataWith(cases: Partial<Record<Case, readonly CaseRun[]>>, others: Partial<IsolationData> = {}) {
  const quiet = [run(1, 1.3), run(2, 2.3)];
  const all = CASES.map((name): [Case, readonly CaseRun[]] => [name, cases[name] ?? quiet]);
  const data: IsolationData = { cases: new Map(all), notMeasured: new Map(), sessionsLost: 0, ...others };
  return {
    data,
    figures: new Map(isolationFigures(data, 1).map((figure) => [figure.id, figure])),
  };
}

test('the figure is how far the added p99 moves, so a side load that slows direct as well does not count', () => {
  const { figures } = dataWith({ tasks: [run(5, 5.4, 5.35), run(7, 7.4)] });
  const figure = figures.get('isolation.p99_moved_ms.tasks');
  expect(figure?.value).toBeCloseTo(0.1);
  expect(figure).toMatchObject({ met: true, goal: '<= 0.2 or the noise floor', reason: 'upstream' });
});

test('the worse direction decides', () => {
  const { figures } = dataWith({ hung: [run(1, 1.3, 1.8), run(2, 2.3, 2.8)] });
  expect(figures.get('isolation.p99_moved_ms.hung')).toMatchObject({ met: false, reason: 'downstream' });
});

test('a value above the goal but within the noise floor is met, and the noise floor is named', () => {
  const { figures } = dataWith({
    chat: [run(1, 1.7), run(2, 2.7)],
    'absent-again': [run(1, 1.8), run(2, 2.8)],
  });
  const figure = figures.get('isolation.p99_moved_ms.chat');
  expect(figure).toMatchObject({ met: true, reason: 'upstream, within the noise floor of 0.5 ms' });
  expect(figure?.value).toBeCloseTo(0.4);
});

test('a noise floor far above the goal judges nothing', () => {
  const { figures } = dataWith({
    chat: [run(1, 2.7), run(2, 3.7)],
    hung: [run(1, 9), run(2, 10)],
    'absent-again': [run(1, 3.3), run(2, 4.3)],
  });
  expect(figures.get('isolation.p99_moved_ms.chat')).toMatchObject({
    met: null,
    reason: 'upstream, within a noise floor that says nothing: 2 ms',
  });
  expect(figures.get('isolation.p99_moved_ms.hung')).toMatchObject({ met: false });
});

test('a case that was not measured, or only once, is not judged', () => {
  const { figures } = dataWith(
    { failing: [run(1, 1.3), run(1, 1.3, 1.3, { invalid: 'the sender was late' })] },
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
  const { figures } = dataWith({ killed: [run(1, 1.3, 1.3, { lost: 2 }), run(1, 1.3)] }, { sessionsLost: 1 });
  expect(figures.get('isolation.dropped')).toMatchObject({ value: 3, met: false });
});

test('the report says what the side path did meanwhile', () => {
  const { data } = dataWith({});
  const { tables, measures } = describeIsolation(data, 1);
  const side = tables.at(-1)?.rows.find(([name]) => String(name).includes('killed'));
  expect(side?.slice(1)).toEqual([200, 190, 180, 2, 0]);
  expect(measures.some(({ id }) => id === 'isolation.p99_moved_ms.upstream.killed')).toBe(true);
});

test('a process tree without a side process has none to kill', () => {
  expect(sideProcessId({ pids: [process.pid] })).toBeUndefined();
});
