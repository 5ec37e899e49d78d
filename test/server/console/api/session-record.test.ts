// Reading a session's record.

import { expect, test } from 'vitest';
import { isSettled, kindLabel, type SideTask, sideRecordOf } from '../../../../server/console/api/session-record.ts';

const task = (id: string, state: SideTask['state'], change: Partial<SideTask> = {}): SideTask => ({
  ...{ id, kind: id.split('.').findLast((part) => !/^m?\d+$/.test(part)) ?? '', state, isRehearsal: false },
  ...change,
});
const tasksOf = (...tasks: SideTask[]) => sideRecordOf({ state: 'open', tasks })?.tasks ?? [];

test('tasks are read in the order in which a person reads them', () => {
  const tasks = [
    task('s.quality', 'queued'),
    task('s.own-kind', 'running'),
    task('s.summary', 'done', { result: { summary: 'Short.' }, isRehearsal: true }),
    task('s.title', 'dead', { error: 'unavailable', quality: 'failed' }),
  ];
  const record = sideRecordOf({ state: 'closed', tasks, ledger: [] });
  expect(record?.isEnded).toBe(true);
  expect(record?.tasks.map(({ kind }) => kind)).toEqual(['title', 'summary', 'quality', 'own-kind']);
  expect(record?.tasks.map(isSettled)).toEqual([true, true, false, false]);
});

test('a task that runs every few turns or minutes is shown once, with its newest result', () => {
  const tasks = tasksOf(
    task('s.rolling-summary.12', 'queued'),
    task('s.rolling-summary.4', 'done', { result: { summary: 'after 4' } }),
    task('s.rolling-summary.8', 'done', { result: { summary: 'after 8' } }),
  );
  expect(tasks).toMatchObject([{ id: 's.rolling-summary.8', result: { summary: 'after 8' } }]);
  const everyMinute = tasksOf(task('s.rolling-summary.m9', 'done'), task('s.rolling-summary.m10', 'done'));
  expect(everyMinute).toMatchObject([{ id: 's.rolling-summary.m10' }]);
});

test('the score of a result is kept, and those of older results are not', () => {
  const tasks = tasksOf(
    task('s.quality', 'done'),
    task('s.title', 'done'),
    task('s.title.quality', 'done', { scores: 's.title' }),
    task('s.rolling-summary.4', 'done'),
    task('s.rolling-summary.4.quality', 'done', { scores: 's.rolling-summary.4' }),
    task('s.rolling-summary.8', 'done'),
    task('s.rolling-summary.8.quality', 'done', { scores: 's.rolling-summary.8' }),
  );
  expect(tasks.map(({ id }) => id).sort()).toEqual([
    's.quality',
    's.rolling-summary.8',
    's.rolling-summary.8.quality',
    's.title',
    's.title.quality',
  ]);
});

test('a record without tasks is no record of the side path, and one without charges has none', () => {
  expect(sideRecordOf({ state: 'open' })).toBeUndefined();
  expect(sideRecordOf({ state: 'open', tasks: [] })).toEqual({ isEnded: false, tasks: [], charges: [] });
});

test('names of kinds are written as people write them', () => {
  expect(['action-items', 'classification', 'my-own'].map(kindLabel)).toEqual(['Action items', 'Labels', 'My own']);
});
